import { readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError } from '../bson/errors'
import { guarded } from '../query/guard'
import { compileUpdate, upsertBase } from '../query/update'
import type { Update } from '../query/update'
import type { Collection } from '../storage/collection'
import { fieldsOfAll } from './doc-reader'
import { documentFromUpdate, documentFromUpsert, withId } from './documents'
import { FirstMatch } from './first-match'
import { Matches } from './matches'
import type { Found, MatchSource } from './matches'
import { prepareQuery } from './query'
import type { QuerySpec } from './query'
import type { Slice } from './slice'
import { checkChanged, checkNew } from './validation'

export interface UpdateStatement extends QuerySpec {
  readonly update: Doc | readonly Doc[]
  readonly multi: boolean
  readonly upsert: boolean
  readonly arrayFilters?: readonly Doc[] | undefined
  readonly bypassValidation?: boolean | undefined
}

/** What a write made of one document; `changed` is false when it was so already. */
export interface Changed {
  readonly before: Buffer
  readonly after: Buffer
  readonly changed: boolean
}

/** One statement of an update command, in steps. Every step runs inside Environment.write. */
export class UpdateRun {
  private matched = 0
  private modified = 0
  private upsertedId: unknown
  private readonly update: Update
  private matches: MatchSource

  /** Throws CommandError for what cannot be understood. */
  constructor(
    private readonly collection: Collection,
    private readonly statement: UpdateStatement,
  ) {
    const { multi } = statement
    this.update = compileUpdate(statement.update, statement)
    if (multi && this.update.kind === 'replacement') {
      throw new CommandError(9, 'FailedToParse', 'multi update is not supported for replacement-style update')
    }
    this.matches = this.find()
  }

  private find(): MatchSource {
    const { multi } = this.statement
    const query = prepareQuery(this.collection, this.statement)
    if (!query.plan.providesSort) return new FirstMatch(query)
    return new Matches(query, () => fieldsOfUpdate(this.collection, this.update), { multi })
  }

  get outcome(): { n: number; nModified: number; upsertedId?: unknown } {
    const { matched: n, modified: nModified, upsertedId } = this
    return upsertedId === undefined ? { n, nModified } : { n: 1, nModified, upsertedId }
  }

  /** True when the statement is done. */
  step(slice: Slice): boolean {
    for (;;) {
      const { found, state } = this.matches.next(slice)
      this.matches.forEach(found, (one) => {
        if (changeDocument(this.collection, this.update, one, this.statement.bypassValidation).changed) this.modified++
        this.matched++
      })
      if (!this.statement.multi && this.matched > 0) return true
      if (state === 'paused' || (state === 'stopped' && slice.isOver())) return false
      if (state === 'done') break
    }
    if (this.matched === 0 && this.statement.upsert) {
      // If that must wait, what it waits for may match.
      this.matches = this.find()
      const { doc } = insertUpserted(this.collection, this.update, this.statement)
      this.upsertedId = doc['_id']
    }
    return true
  }
}

/** What is looked at of a document that is changed; undefined: it may be anything. */
export function fieldsOfUpdate(collection: Collection, update: Update): ReadonlySet<string> | undefined {
  return collection.validation === undefined ? fieldsOfAll(update.fields, collection.keyFields) : undefined
}

/** Inside Environment.write. */
export function changeDocument(
  collection: Collection,
  update: Update,
  found: Found,
  bypassValidation: boolean | undefined,
): Changed {
  const { doc, raw: before, documentKey, arrayIndex } = found
  const context = { isInsert: false, positionalIndex: arrayIndex, now: new Date() }
  const after = guarded(() => update.apply(doc, context))
  if (after === doc) return { before, after: before, changed: false }
  const raw = documentFromUpdate(found, after, found.read)
  if (raw === undefined) {
    const whole = { ...found, doc: readDoc(before), read: undefined }
    return changeDocument(collection, update, whole, bypassValidation)
  }
  if (raw.equals(before)) return { before, after: before, changed: false }
  if (bypassValidation !== true) checkChanged(collection, doc, after)
  collection.replace(documentKey, doc, raw, after)
  return { before, after: raw, changed: true }
}

/** Inside Environment.write: what an upsert makes when nothing matched. */
export function insertUpserted(
  collection: Collection,
  update: Update,
  { filter, bypassValidation }: Pick<UpdateStatement, 'filter' | 'bypassValidation'>,
): { doc: Doc; raw: Buffer } {
  const context = { isInsert: true, now: new Date() }
  const doc = withId(guarded(() => update.apply(upsertBase(filter), context)))
  const raw = documentFromUpsert(doc)
  if (bypassValidation !== true) checkNew(collection, doc)
  collection.insert(raw, doc)
  return { doc, raw }
}
