import type { Doc } from '../bson/doc'
import { badValue, CommandError, commandNotFound } from '../bson/errors'
import type { Engine } from '../engine'
import { explainReply, findStages, missingCollection, runForStats } from '../execution/explain'
import type { RunStats, Verbosity } from '../execution/explain'
import { explainCountOf } from '../execution/explain-count'
import { prepareQuery } from '../execution/query'
import type { Query, QuerySpec } from '../execution/query'
import type { TimeLimit } from '../execution/slice'
import type { FindOptions } from '../execution/source'
import type { Collection } from '../storage/collection'
import { aggregate } from './aggregate'
import { parseAggregate } from './aggregate-request'
import { Arguments } from './arguments'
import { bulkWrite, explainedOperation } from './bulk-write'
import { checkDatabase } from './check-database'
import type { Command } from './command'
import { count, parseCount } from './count'
import type { CountRequest } from './count'
import { deleteCommand } from './delete'
import { distinct, parseDistinct } from './distinct'
import { explainAggregate } from './explain-aggregate'
import { find, parseFind } from './find'
import { findAndModify } from './find-and-modify'
import { update } from './update'

const VERBOSITIES: readonly string[] = ['queryPlanner', 'executionStats', 'allPlansExecution']
const ALL: FindOptions = { skip: 0, limit: Infinity }
const FIRST: FindOptions = { skip: 0, limit: 1 }

export const explain: Command = {
  name: 'explain',
  summary:
    'how find, count, distinct, aggregate, update, delete, findAndModify and a bulkWrite of one look for documents',
  fields: ['verbosity'],
  run: (args, { engine }) => {
    const verbosity = args.string('verbosity') ?? 'allPlansExecution'
    if (!VERBOSITIES.includes(verbosity)) throw badValue(`verbosity string must be one of ${VERBOSITIES.join(', ')}`)
    const [command, inner] = explained(args.requiredDocument('explain'), args.database)
    return explainCommand(engine, command, inner, verbosity as Verbosity, args.timeLimit())
  },
}

/** How a command finds its documents, without running it. */
export async function explainPlan(engine: Engine, doc: Doc, database: string): Promise<Doc> {
  const [command, args] = explained(doc, database)
  return explainCommand(engine, command, args, 'queryPlanner', args.timeLimit())
}

function explained(doc: Doc, database: string): [Command, Arguments] {
  const [name = ''] = Object.keys(doc)
  const command = EXPLAINED.find((each) => each.name === name || each.aliases?.includes(name) === true)
  if (command === undefined) throw commandNotFound(`Explain failed due to unknown command: ${name}`)
  const args = new Arguments(name, { ...doc, $db: database })
  args.checkFields(command.fields)
  checkDatabase(command, name, database)
  return [command, args]
}

const EXPLAINED: readonly Command[] = [
  aggregate,
  bulkWrite,
  count,
  deleteCommand,
  distinct,
  find,
  findAndModify,
  update,
]

async function explainCommand(
  engine: Engine,
  command: Command,
  args: Arguments,
  verbosity: Verbosity,
  limit: TimeLimit,
): Promise<Doc> {
  if (command === aggregate) {
    return explainAggregate({ engine, store: engine.store }, parseAggregate(args, engine.store), limit, verbosity)
  }
  if (command === bulkWrite) return explainOperation(engine, args, verbosity, limit)
  const namespace = `${args.database}.${args.collection}`
  const collection = engine.catalog.collection(args.database, args.collection)
  if (collection === undefined)
    return missingCollection(namespace, args.document('filter') ?? args.document('query') ?? {})
  if (command === count) return explainCount(namespace, collection, parseCount(args), verbosity, limit)
  return explainQuery(namespace, prepare(command, collection, args), verbosity, limit)
}

/** The one update or delete of a bulkWrite. */
async function explainOperation(engine: Engine, args: Arguments, verbosity: Verbosity, limit: TimeLimit): Promise<Doc> {
  const { kind, namespace, query: spec, multi } = explainedOperation(args)
  const collection = engine.catalog.collection(...namespace)
  if (collection === undefined) return missingCollection(namespace.join('.'), spec.filter)
  const query = prepareQuery(collection, spec)
  const explained = { query, options: multi ? ALL : FIRST, stage: changing(kind === 'update' ? 'UPDATE' : 'DELETE') }
  return explainQuery(namespace.join('.'), explained, verbosity, limit)
}

function explainQuery(
  namespace: string,
  { query, options, stage }: Explained,
  verbosity: Verbosity,
  limit: TimeLimit,
): Promise<Doc> {
  return explainReply(
    namespace,
    query,
    verbosity,
    (stats) => stage(findStages(query, options, stats), stats),
    () => runForStats(query, options, limit),
  )
}

interface Explained {
  readonly query: Query
  readonly options: FindOptions
  /** What the command does with what is found. */
  readonly stage: (input: Doc, stats?: RunStats) => Doc
}

function prepare(command: Command, collection: Collection, args: Arguments): Explained {
  const asIs = (input: Doc): Doc => input
  switch (command) {
    case find: {
      const { spec, options } = parseFind(args)
      return { query: prepareQuery(collection, spec), options, stage: asIs }
    }
    case distinct:
      return { query: prepareQuery(collection, parseDistinct(args)), options: ALL, stage: asIs }
    case findAndModify: {
      const sort = args.document('sort')
      const around = queryAround(args, args)
      const query = prepareQuery(collection, { ...around, filter: args.document('query') ?? {}, sort })
      return { query, options: FIRST, stage: changing(args.boolean('remove') ? 'DELETE' : 'UPDATE') }
    }
    default: {
      const isUpdate = command === update
      const [statement, ...others] = args.requiredDocuments(isUpdate ? 'updates' : 'deletes')
      if (others.length > 0) throw new CommandError(16, 'InvalidLength', 'explained write batches must be of size 1')
      const inner = new Arguments(`${command.name}.statement`, statement ?? {})
      const sort = inner.document('sort')
      const around = queryAround(inner, args)
      const query = prepareQuery(collection, { ...around, filter: inner.requiredDocument('q'), sort })
      const multi = isUpdate ? inner.boolean('multi') : inner.count('limit') !== 1
      return { query, options: multi ? ALL : FIRST, stage: changing(isUpdate ? 'UPDATE' : 'DELETE') }
    }
  }
}

/** What a statement, and the command that it is part of, say of a query beside its filter and sort. */
function queryAround(statement: Arguments, command: Arguments): Omit<QuerySpec, 'filter' | 'sort'> {
  const variables = command.variables('let')
  return { hint: statement.hint(), collation: statement.document('collation'), variables }
}

/** explain changes nothing: the numbers are those of the documents that would be changed. */
function changing(name: 'UPDATE' | 'DELETE'): Explained['stage'] {
  const would = name === 'UPDATE' ? 'nWouldModify' : 'nWouldDelete'
  return (input, stats) => ({
    stage: name,
    ...(stats === undefined ? {} : { nReturned: 0, [would]: stats.returned }),
    inputStage: input,
  })
}

async function explainCount(
  namespace: string,
  collection: Collection,
  request: CountRequest,
  verbosity: Verbosity,
  time: TimeLimit,
): Promise<Doc> {
  const query = prepareQuery(collection, request.spec)
  const { counted, stages, run } = explainCountOf(query, request, time)
  const withCount = (stats?: RunStats): Doc => {
    const inputStage = stages(stats)
    if (inputStage['stage'] === 'RECORD_STORE_FAST_COUNT') return inputStage
    return { stage: 'COUNT', ...(stats === undefined ? {} : { nCounted: counted() }), inputStage }
  }
  return explainReply(namespace, query, verbosity, withCount, run)
}
