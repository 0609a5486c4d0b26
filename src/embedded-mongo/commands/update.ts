import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { failedToParse, invalidOptions } from '../bson/errors'
import { checkQuery } from '../execution/query'
import { compileChange, UpdateRun } from '../execution/update'
import type { UpdateStatement } from '../execution/update'
import type { Collection } from '../storage/collection'
import { Arguments } from './arguments'
import type { Command, CommandContext, Reply } from './command'
import { readStatement } from './raw-parts'
import { WriteBatch } from './write-batch'
import type { StatementRun } from './write-batch'
import { checkBatchSize, WriteErrors } from './write-errors'

const STATEMENT_FIELDS = ['q', 'u', 'c', 'multi', 'upsert', 'collation', 'arrayFilters', 'hint', 'sort']

export const update: Command = {
  name: 'update',
  summary: 'operators, replacement, pipeline; `multi`, `upsert`, `arrayFilters`, `hint`, `sort`, `collation`, `let`',
  fields: ['updates', 'ordered', 'bypassDocumentValidation', 'let', 'stmtId', 'stmtIds'],
  inTransaction: 'allowed',
  retryable: true,
  rawArray: 'updates',
  run: async (args, context) => {
    const { database, collection: name } = args
    const around = {
      variables: args.variables('let'),
      bypassValidation: args.boolean('bypassDocumentValidation'),
    }
    const statements = args.rawDocuments('updates').map((raw) => parseStatement(raw, around))
    checkBatchSize(statements.length)
    checkRetryable(context, statements)
    const batch = new WriteBatch(context, args, new WriteErrors(args.ordered()), {
      count: statements.length,
      start: (index) => startUpdate(context.store.collection(database, name), statements[index] as UpdateStatement),
      ensured: statements.some(({ upsert }) => upsert) ? [[database, name]] : [],
    })
    await batch.execute()
    return toReply(batch)
  },
}

function parseStatement(
  raw: Buffer,
  { variables, bypassValidation }: Pick<UpdateStatement, 'variables' | 'bypassValidation'>,
): UpdateStatement {
  const { doc, replacement } = readStatement(raw, 'u')
  const args = new Arguments('update.updates', doc)
  args.checkFields(STATEMENT_FIELDS)
  return {
    filter: args.requiredDocument('q'),
    update: replacement ?? updateOf(args.get('u')),
    multi: args.boolean('multi'),
    upsert: args.boolean('upsert'),
    arrayFilters: args.documents('arrayFilters'),
    hint: args.hint(),
    sort: sortOfOne(args),
    collation: args.document('collation'),
    variables: args.document('c') ?? variables,
    bypassValidation,
  }
}

/** Which of those that match is updated. */
export function sortOfOne(args: Arguments): Doc | undefined {
  const sort = args.document('sort')
  if (sort !== undefined && args.boolean('multi')) throw failedToParse('Cannot specify sort with multi=true')
  return sort
}

/** Throws FailedToParse for what is neither a document nor a pipeline. */
export function updateOf(value: unknown): Doc | readonly Doc[] {
  if (isDoc(value)) return value
  if (Array.isArray(value) && value.every(isDoc)) return value
  throw failedToParse('Update argument must be either an object or an array')
}

/** A write of many documents cannot be repeated and be the same. */
export function checkRetryable({ log }: CommandContext, statements: readonly { readonly multi: boolean }[]): void {
  if (log === undefined || !statements.some(({ multi }) => multi)) return
  throw invalidOptions('Cannot use retryable writes with multi=true')
}

export function startUpdate(collection: Collection | undefined, statement: UpdateStatement): StatementRun {
  if (collection !== undefined) return new UpdateRun(collection, statement)
  // Nothing to change, but what cannot be understood is an error all the same.
  compileChange(statement.update, statement)
  checkQuery(statement)
  return { step: () => true, outcome: { n: 0, nModified: 0 } }
}

function toReply({ outcomes, writeErrors, retriedStmtIds }: WriteBatch): Reply {
  let [n, nModified] = [0, 0]
  const upserted: Doc[] = []
  outcomes.forEach((outcome, index) => {
    n += outcome?.n ?? 0
    nModified += outcome?.nModified ?? 0
    if (outcome?.upsertedId !== undefined) upserted.push({ index, _id: outcome.upsertedId })
  })
  return { n, upserted: upserted.length > 0 ? upserted : undefined, nModified, writeErrors, retriedStmtIds }
}
