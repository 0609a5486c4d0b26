import type { Doc } from '../bson/doc'
import { failedToParse } from '../bson/errors'
import { DeleteRun } from '../execution/delete'
import type { DeleteStatement } from '../execution/delete'
import type { Slice } from '../execution/slice'
import { writeInSlices } from '../execution/write-in-slices'
import { checkQuery } from '../execution/query'
import type { Collection } from '../storage/collection'
import { Arguments } from './arguments'
import type { Command } from './command'
import { checkBatchSize, WriteErrors } from './write-errors'

const STATEMENT_FIELDS = ['q', 'limit', 'collation', 'hint']

export const deleteCommand: Command = {
  name: 'delete',
  summary: 'one or all that match; `hint`, `collation`',
  fields: ['deletes', 'ordered', 'let'],
  run: async (args, { engine }) => {
    const statements = args.requiredDocuments('deletes').map((doc) => parseStatement(doc, args.document('let')))
    checkBatchSize(statements.length)
    const ordered = !args.has('ordered') || args.boolean('ordered')
    const bulk = new DeleteBulk(() => engine.catalog.collection(args.database, args.collection), statements, ordered)
    await writeInSlices(engine.environment, args.timeLimit(), (slice) => bulk.step(slice))
    return bulk.toReply()
  },
}

function parseStatement(doc: Doc, variables: Doc | undefined): DeleteStatement {
  const args = new Arguments('delete.deletes', doc)
  args.checkFields(STATEMENT_FIELDS)
  const limit = args.count('limit') ?? 0
  if (limit > 1) throw failedToParse(`The limit field in delete objects must be 0 or 1. Got ${limit}`)
  return {
    filter: args.requiredDocument('q'),
    multi: limit === 0,
    hint: args.hint(),
    collation: args.document('collation'),
    variables,
  }
}

class DeleteBulk {
  private next = 0
  private run: DeleteRun | undefined
  private n = 0
  private readonly errors: WriteErrors

  constructor(
    private readonly collection: () => Collection | undefined,
    private readonly statements: readonly DeleteStatement[],
    ordered: boolean,
  ) {
    this.errors = new WriteErrors(ordered)
  }

  /** True when all statements are done. */
  step(slice: Slice): boolean {
    for (; this.next < this.statements.length; this.next++) {
      try {
        if (!this.stepStatement(this.statements[this.next] as DeleteStatement, slice)) return false
        this.finishStatement()
      } catch (error) {
        // A statement that fails counts nothing, whatever it has changed before.
        this.run = undefined
        if (this.errors.note(this.next, error)) return true
      }
    }
    return true
  }

  private stepStatement(statement: DeleteStatement, slice: Slice): boolean {
    const collection = this.collection()
    if (collection === undefined) {
      checkQuery(statement)
      return true
    }
    this.run ??= new DeleteRun(collection, statement)
    return this.run.step(slice)
  }

  private finishStatement(): void {
    this.n += this.run?.deleted ?? 0
    this.run = undefined
  }

  toReply(): Doc {
    return { n: this.n, ...this.errors.toReply() }
  }
}
