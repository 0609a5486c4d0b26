import { readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError } from '../bson/errors'
import { guarded } from '../query/guard'
import { compileUpdate, upsertBase } from '../query/update'
import type { Update, UpdateOptions } from '../query/update'
import type { Collection } from '../storage/collection'
import { DocReader, fieldsOfAll } from './doc-reader'
import { checkSize, documentFromClient, documentFromUpdate, documentFromUpsert } from './documents'
import type { StoredDocument } from './documents'
import { FirstMatch } from './first-match'
import { Matches } from './matches'
import type { Found, MatchSource } from './matches'
import { prepareQuery } from './query'
import type { QuerySpec } from './query'
import { replacementOf } from './replacement'
import type { Replacement } from './replacement'
import type { Slice } from './slice'
import { checkChanged, checkNew } from './validation'

/** Operators, a pipeline, or the bytes of a replacement. */
export type ChangeSpec = Doc | readonly Doc[] | Buffer
export type Change = Update | Replacement

export interface UpdateStatement extends QuerySpec {
  readonly update: ChangeSpec
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
  private readonly update: Change
  private matches: MatchSource

  /** Throws CommandError for what cannot be understood. */
  constructor(
    private readonly collection: Collection,
    private readonly statement: UpdateStatement,
  ) {
    const { multi } = statement
    this.update = compileChange(statement.update, statement)
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
      const areAllDone = this.matches.forEach(found, (one) => {
        if (changeDocument(this.collection, this.update, one, this.statement.bypassValidation).changed) this.modified++
        this.matched++
        return !this.collection.isOwing
      })
      if (!areAllDone) return false
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

/** Throws CommandError for what cannot be understood. */
export function compileChange(spec: ChangeSpec, options: UpdateOptions): Change {
  return replacementOf(spec) ?? compileUpdate(spec as Doc | readonly Doc[], options)
}

/** What is looked at of a document that is changed; undefined: it may be anything. */
export function fieldsOfUpdate(collection: Collection, update: Change): ReadonlySet<string> | undefined {
  return collection.validation === undefined ? fieldsOfAll(update.fields, collection.keyFields) : undefined
}

/** Inside Environment.write. */
export function changeDocument(
  collection: Collection,
  update: Change,
  found: Found,
  bypassValidation: boolean | undefined,
): Changed {
  const { doc, raw: before, documentKey } = found
  const next = update.kind === 'replacement' ? replaced(collection, update, before) : updated(update, found)
  if (next === undefined || next.raw.equals(before)) return { before, after: before, changed: false }
  if (bypassValidation !== true) checkChanged(collection, doc, next.doc)
  collection.replace(documentKey, doc, next.raw, next.doc)
  return { before, after: next.raw, changed: true }
}

function replaced(collection: Collection, replacement: Replacement, before: Buffer): StoredDocument {
  const raw = replacement.over(before)
  checkSize(raw)
  return { raw, doc: DocReader.of(fieldsOfUpdate(collection, replacement)).read(raw) }
}

/** undefined: nothing has changed. */
function updated(update: Update, found: Found): StoredDocument | undefined {
  const context = { isInsert: false, positionalIndex: found.arrayIndex, now: new Date() }
  const doc = guarded(() => update.apply(found.doc, context), found.read === undefined ? found.raw.length : 0)
  if (doc === found.doc) return undefined
  const raw = documentFromUpdate(found, doc, found.read)
  return raw === undefined ? updated(update, { ...found, doc: readDoc(found.raw), read: undefined }) : { raw, doc }
}

/** Inside Environment.write: what an upsert makes when nothing matched. */
export function insertUpserted(
  collection: Collection,
  update: Change,
  { filter, bypassValidation }: Pick<UpdateStatement, 'filter' | 'bypassValidation'>,
): StoredDocument {
  const base = upsertBase(filter)
  const { raw, doc } =
    update.kind === 'replacement'
      ? documentFromClient(update.asNew(base), DocReader.whole)
      : documentFromUpsert(guarded(() => update.apply(base, { isInsert: true, now: new Date() })))
  if (bypassValidation !== true) checkNew(collection, doc)
  collection.insert(raw, doc)
  return { doc, raw }
}
