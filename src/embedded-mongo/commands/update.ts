import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { failedToParse } from '../bson/errors'
import { ensureCollection } from '../engine'
import { checkQuery } from '../execution/query'
import { compileUpdate } from '../query/update'
import type { Slice } from '../execution/slice'
import { UpdateRun } from '../execution/update'
import type { UpdateStatement } from '../execution/update'
import { writeInSlices } from '../execution/write-in-slices'
import type { Collection } from '../storage/collection'
import { Arguments } from './arguments'
import type { Command } from './command'
import { checkBatchSize, WriteErrors } from './write-errors'

const STATEMENT_FIELDS = ['q', 'u', 'c', 'multi', 'upsert', 'collation', 'arrayFilters', 'hint']

export const update: Command = {
  name: 'update',
  summary: 'operators, replacement, pipeline; `multi`, `upsert`, `arrayFilters`, `hint`, `collation`, `let`',
  fields: ['updates', 'ordered', 'bypassDocumentValidation', 'let'],
  run: async (args, { engine }) => {
    const statements = args.requiredDocuments('updates').map((doc) => parseStatement(doc, args.document('let')))
    checkBatchSize(statements.length)
    const ordered = !args.has('ordered') || args.boolean('ordered')
    const upserts = statements.some((statement) => statement.upsert)
    if (upserts) await ensureCollection(engine, args.database, args.collection)
    const bulk = new UpdateBulk(() => engine.catalog.collection(args.database, args.collection), statements, ordered)
    await writeInSlices(engine.environment, args.timeLimit(), (slice) => bulk.step(slice))
    return bulk.toReply()
  },
}

function parseStatement(doc: Doc, variables: Doc | undefined): UpdateStatement {
  const args = new Arguments('update.updates', doc)
  args.checkFields(STATEMENT_FIELDS)
  return {
    filter: args.requiredDocument('q'),
    update: updateOf(args.get('u')),
    multi: args.boolean('multi'),
    upsert: args.boolean('upsert'),
    arrayFilters: args.documents('arrayFilters'),
    hint: args.hint(),
    collation: args.document('collation'),
    variables: args.document('c') ?? variables,
  }
}

/** Throws FailedToParse for what is neither a document nor a pipeline. */
export function updateOf(value: unknown): Doc | readonly Doc[] {
  if (isDoc(value)) return value
  if (Array.isArray(value) && value.every(isDoc)) return value
  throw failedToParse('Update argument must be either an object or an array')
}

class UpdateBulk {
  private next = 0
  private run: UpdateRun | undefined
  private readonly errors: WriteErrors
  private readonly upserted: Doc[] = []
  private n = 0
  private nModified = 0

  constructor(
    private readonly collection: () => Collection | undefined,
    private readonly statements: readonly UpdateStatement[],
    ordered: boolean,
  ) {
    this.errors = new WriteErrors(ordered)
  }

  /** True when all statements are done. */
  step(slice: Slice): boolean {
    for (; this.next < this.statements.length; this.next++) {
      try {
        if (!this.stepStatement(this.statements[this.next] as UpdateStatement, slice)) return false
        this.finishStatement()
      } catch (error) {
        // A statement that fails counts nothing, whatever it has changed before.
        this.run = undefined
        if (this.errors.note(this.next, error)) return true
      }
    }
    return true
  }

  private stepStatement(statement: UpdateStatement, slice: Slice): boolean {
    const collection = this.collection()
    if (collection === undefined) {
      // Nothing to change, but what cannot be understood is an error all the same.
      compileUpdate(statement.update, statement)
      checkQuery(statement)
      return true
    }
    this.run ??= new UpdateRun(collection, statement)
    return this.run.step(slice)
  }

  private finishStatement(): void {
    if (this.run === undefined) return
    const { matched, modified, upsertedId } = this.run
    this.n += matched
    this.nModified += modified
    if (upsertedId !== undefined) {
      this.n++
      this.upserted.push({ index: this.next, _id: upsertedId })
    }
    this.run = undefined
  }

  toReply(): Doc {
    const upserted = this.upserted.length > 0 ? { upserted: this.upserted } : {}
    return { n: this.n, ...upserted, nModified: this.nModified, ...this.errors.toReply() }
  }
}
