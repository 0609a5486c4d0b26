import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { badValue, CommandError, failedToParse, illegalOperation } from '../bson/errors'
import type { QuerySpec } from '../execution/query'
import type { UpdateStatement } from '../execution/update'
import type { Outcome } from '../sessions/statement-log'
import { firstFieldName, rawFields } from '../wire/raw-bson'
import { Arguments, parseNamespace } from './arguments'
import type { Command, CommandContext, Reply } from './command'
import { openListCursor } from './cursor-reply'
import { startDelete } from './delete'
import { liveCollection, startInsert } from './insert'
import { readStatement } from './raw-parts'
import { checkRetryable, sortOfOne, startUpdate, updateOf } from './update'
import { WriteBatch } from './write-batch'
import type { StatementRun } from './write-batch'
import { checkBatchSize, WriteErrors } from './write-errors'

type Namespace = readonly [database: string, name: string]

/** One of `ops`. */
interface Operation {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly namespace: Namespace
  readonly multi: boolean
  /** How it looks for documents; an insert does not. */
  readonly query: QuerySpec | undefined
  /** It makes its collection. */
  readonly creates: boolean
  readonly start: (context: CommandContext) => StatementRun
}

export const bulkWrite: Command = {
  name: 'bulkWrite',
  summary: 'inserts, updates and deletes in any collections; `ordered`, `errorsOnly`, `let`; MongoDB 8',
  fields: ['ops', 'nsInfo', 'ordered', 'errorsOnly', 'bypassDocumentValidation', 'let', 'cursor', 'stmtId', 'stmtIds'],
  adminOnly: true,
  inTransaction: 'allowed',
  retryable: true,
  rawArray: 'ops',
  run: async (args, context) => {
    const operations = parseOperations(args)
    checkRetryable(context, operations)
    const errors = new WriteErrors(args.ordered())
    const batch = new WriteBatch(context, args, errors, {
      count: operations.length,
      start: (index) => (operations[index] as Operation).start(context),
      ensured: [...new Set(operations.filter(({ creates }) => creates).map(({ namespace }) => namespace))],
    })
    await batch.execute()
    const cursor = await resultCursor(args, context, operations, batch, errors)
    return { ...cursor, ...counts(operations, batch), retriedStmtIds: batch.retriedStmtIds }
  },
}

/** The one operation that `explain` can tell of. */
export function explainedOperation(args: Arguments): Operation & { readonly query: QuerySpec } {
  const [operation, ...others] = parseOperations(args)
  if (operation === undefined || others.length > 0) {
    throw new CommandError(16, 'InvalidLength', 'explained bulkWrite ops must be of size 1')
  }
  const { query } = operation
  if (query === undefined) throw illegalOperation('Cannot explain insert cmd for bulkWrite')
  return { ...operation, query }
}

function parseOperations(args: Arguments): readonly Operation[] {
  const namespaces = args.requiredDocuments('nsInfo').map((doc) => {
    return parseNamespace(new Arguments('bulkWrite.nsInfo', doc).requiredString('ns'))
  })
  const around = {
    namespaces,
    variables: args.variables('let'),
    bypassValidation: args.boolean('bypassDocumentValidation'),
  }
  const operations = args.rawDocuments('ops').map((raw) => parseOperation(raw, around))
  checkBatchSize(operations.length)
  return operations
}

/** What all operations have in common. */
interface Around {
  readonly namespaces: readonly Namespace[]
  readonly variables: Doc | undefined
  readonly bypassValidation: boolean
}

function parseOperation(raw: Buffer, { namespaces, variables, bypassValidation }: Around): Operation {
  // Only an update may have a replacement: elsewhere the field is an unknown one.
  const { doc, rest, replacement } = readStatement(raw, firstFieldName(raw) === 'update' ? 'updateMods' : undefined)
  const kind = (['insert', 'update', 'delete'] as const).find((name) => Object.hasOwn(doc, name))
  if (kind === undefined) throw failedToParse('an operation of bulkWrite must be an insert, an update or a delete')
  const args = new Arguments(`bulkWrite.${kind}`, doc)
  args.checkFields([kind, ...FIELDS[kind]])
  const namespace = namespaces[args.count(kind) ?? -1]
  if (namespace === undefined) throw badValue(`BulkWrite ops entry has an invalid nsInfo index`)
  const [database, name] = namespace
  const multi = args.boolean('multi')
  const creates = kind === 'insert' || args.boolean('upsert')
  const common = { kind, namespace, multi, creates }
  if (kind === 'insert') {
    args.requiredDocument('document')
    const { value = 0, end = 0 } = [...rawFields(rest)].find((field) => field.name === 'document') ?? {}
    const document = rest.subarray(value, end)
    const start: Operation['start'] = (context) =>
      startInsert(liveCollection(context, database, name), document, bypassValidation)
    return { ...common, query: undefined, start }
  }
  const found = { filter: args.requiredDocument('filter'), hint: args.hint(), collation: args.document('collation') }
  if (kind === 'delete') {
    const query = { ...found, variables }
    return {
      ...common,
      query,
      start: ({ store }) => startDelete(store.collection(database, name), { ...query, multi }),
    }
  }
  const query = { ...found, sort: sortOfOne(args), variables: args.document('constants') ?? variables }
  const statement: UpdateStatement = {
    ...query,
    multi,
    update: replacement ?? updateOf(args.get('updateMods')),
    upsert: args.boolean('upsert'),
    arrayFilters: args.documents('arrayFilters'),
    bypassValidation,
  }
  return { ...common, query, start: ({ store }) => startUpdate(store.collection(database, name), statement) }
}

const FIELDS = {
  insert: ['document'],
  update: ['filter', 'updateMods', 'multi', 'upsert', 'arrayFilters', 'hint', 'sort', 'collation', 'constants'],
  delete: ['filter', 'multi', 'hint', 'collation'],
} as const

/** What each operation did, in their order; with `errorsOnly` what each that failed did not. */
function resultCursor(
  args: Arguments,
  context: CommandContext,
  operations: readonly Operation[],
  batch: WriteBatch,
  errors: WriteErrors,
): Reply | Promise<Reply> {
  const failed = new Map(errors.all.map((error) => [error['index'] as number, error]))
  const results: Doc[] = []
  batch.outcomes.forEach((outcome, idx) => {
    const error = failed.get(idx)
    if (error !== undefined) {
      const { index: _index, ...told } = error
      results.push({ ok: 0, idx, ...told, n: 0 })
    } else if (!args.boolean('errorsOnly')) results.push(showOutcome(idx, operations[idx] as Operation, outcome))
  })
  const cursor = args.document('cursor')
  return openListCursor(context, results, {
    namespace: 'admin.$cmd.bulkWrite',
    batchSize: new Arguments('cursor', isDoc(cursor) ? cursor : {}).count('batchSize') ?? Infinity,
    session: () => args.session(),
  })
}

function showOutcome(idx: number, { kind }: Operation, outcome: Outcome | undefined): Doc {
  const shown: Doc = { ok: 1, idx, n: outcome?.n ?? 0 }
  if (kind === 'update') shown['nModified'] = outcome?.nModified ?? 0
  if (outcome?.upsertedId !== undefined) shown['upserted'] = { index: 0, _id: outcome.upsertedId }
  return shown
}

function counts(operations: readonly Operation[], { outcomes, errorCount }: WriteBatch): Doc {
  const totals = { nInserted: 0, nMatched: 0, nModified: 0, nUpserted: 0, nDeleted: 0 }
  outcomes.forEach((outcome, i) => {
    const { n = 0, nModified = 0, upsertedId } = outcome ?? {}
    const kind = operations[i]?.kind
    if (kind === 'insert') totals.nInserted += n
    else if (kind === 'delete') totals.nDeleted += n
    else if (upsertedId !== undefined) totals.nUpserted++
    else {
      totals.nMatched += n
      totals.nModified += nModified
    }
  })
  return { nErrors: errorCount, ...totals }
}
