import type { Doc } from '../bson/doc'
import { failedToParse } from '../bson/errors'
import { DeleteRun } from '../execution/delete'
import type { DeleteStatement } from '../execution/delete'
import { checkQuery } from '../execution/query'
import type { Collection } from '../storage/collection'
import { Arguments } from './arguments'
import type { Command } from './command'
import { checkRetryable } from './update'
import { WriteBatch } from './write-batch'
import type { StatementRun } from './write-batch'
import { checkBatchSize, WriteErrors } from './write-errors'

const STATEMENT_FIELDS = ['q', 'limit', 'collation', 'hint']

export const deleteCommand: Command = {
  name: 'delete',
  summary: 'one or all that match; `hint`, `collation`',
  fields: ['deletes', 'ordered', 'let', 'stmtId', 'stmtIds'],
  inTransaction: 'allowed',
  retryable: true,
  run: async (args, context) => {
    const { database, collection: name } = args
    const variables = args.variables('let')
    const statements = args.requiredDocuments('deletes').map((doc) => parseStatement(doc, variables))
    checkBatchSize(statements.length)
    checkRetryable(context, statements)
    const batch = new WriteBatch(context, args, new WriteErrors(args.ordered()), {
      count: statements.length,
      start: (index) => startDelete(context.store.collection(database, name), statements[index] as DeleteStatement),
      ensured: [],
    })
    await batch.execute()
    const n = batch.outcomes.reduce((sum, outcome) => sum + (outcome?.n ?? 0), 0)
    return { n, writeErrors: batch.writeErrors, retriedStmtIds: batch.retriedStmtIds }
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

export function startDelete(collection: Collection | undefined, statement: DeleteStatement): StatementRun {
  if (collection !== undefined) return new DeleteRun(collection, statement)
  checkQuery(statement)
  return { step: () => true, outcome: { n: 0 } }
}
