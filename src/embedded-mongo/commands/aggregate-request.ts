import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { badValue, CommandError, invalidNamespace, notImplemented } from '../bson/errors'
import { toNumber } from '../bson/exact'
import { isNumeric } from '../bson/types'
import { splitPipeline } from '../execution/pipeline'
import type { PipelineStart } from '../execution/pipeline'
import { beginsWithDocuments, documentsOfCollection, stageName } from '../query/aggregate'
import type { Collection } from '../storage/collection'
import type { Store } from '../store'
import { isOutput, splitOutput } from './aggregate-output'
import type { Output } from './aggregate-output'
import type { Arguments } from './arguments'

export interface AggregateRequest {
  readonly database: string
  readonly name: string
  /** undefined: there is none of that name, or the pipeline is one on the database. */
  readonly collection: Collection | undefined
  readonly start: PipelineStart
  /** Where the results go, instead of into the answer. */
  readonly output: Output | undefined
  readonly hint: string | Doc | undefined
  readonly collation: Doc | undefined
  readonly variables: Doc | undefined
}

export function parseAggregate(args: Arguments, store: Store): AggregateRequest {
  const stages = args.requiredDocuments('pipeline')
  stages.forEach(checkStage)
  const name = nameOf(args, stages)
  const { pipeline, output } = splitOutput(stages, {
    database: args.database,
    inTransaction: store.transaction !== undefined,
    collation: args.document('collation'),
    bypassValidation: args.boolean('bypassDocumentValidation'),
  })
  return {
    database: args.database,
    name,
    collection: name === NO_COLLECTION ? undefined : store.collection(args.database, name),
    start: splitPipeline(pipeline),
    output,
    hint: args.hint(),
    collation: args.document('collation'),
    variables: args.variables('let'),
  }
}

/** What MongoDB calls the collection of a pipeline on a database. */
const NO_COLLECTION = '$cmd.aggregate'

/** What else may begin a pipeline on a database. */
const NOT_THERE: readonly string[] = [
  '$currentOp',
  '$listCachedAndActiveUsers',
  '$listCatalog',
  '$listClusterCatalog',
  '$listLocalSessions',
  '$listSampledQueries',
  '$querySettings',
  '$queryStats',
  '$shardedDataDistribution',
]

function nameOf(args: Arguments, stages: readonly Doc[]): string {
  const target = args.get(args.name)
  if (!isNumeric(target)) {
    if (beginsWithDocuments(stages)) throw documentsOfCollection()
    return args.collection
  }
  if (toNumber(target) !== 1) {
    throw badValue("Invalid command format: the 'aggregate' field must specify a collection name or 1")
  }
  if (!beginsWithDocuments(stages)) throw needsCollection(stages[0])
  return NO_COLLECTION
}

function needsCollection(first: Doc | undefined): CommandError {
  if (first === undefined) return invalidNamespace('{aggregate: 1} is not valid for an empty pipeline.')
  const [name = ''] = Object.keys(first)
  if (NOT_THERE.includes(name)) return notImplemented(`aggregate: ${name} is not supported by this server`)
  if (!isOutput(first)) stageName(first)
  return invalidNamespace(`{aggregate: 1} is not valid for '${name}'; a collection is required.`)
}

/** Its documents are the pipeline's own. */
export function isOnDatabase({ name }: AggregateRequest): boolean {
  return name === NO_COLLECTION
}

/** Nothing chooses among the documents, nor asks for a way to find them. */
export function wantsEverything({ start, hint, collation }: AggregateRequest): boolean {
  const isWhole = Object.keys(start.filter).length === 0 && start.skip === 0 && start.limit === Infinity
  return isWhole && start.sort === undefined && hint === undefined && collation === undefined
}

function checkStage(stage: Doc): void {
  const names = Object.keys(stage)
  if (names.length !== 1) {
    throw new CommandError(
      40323,
      'Location40323',
      'A pipeline stage specification object must contain exactly one field.',
    )
  }
  const [name] = names
  if (name === '$match' && !isDoc(stage[name])) {
    throw new CommandError(15959, 'Location15959', 'the match filter must be an expression in an object')
  }
  if (name === '$changeStream') {
    throw new CommandError(40573, 'Location40573', 'The $changeStream stage is only supported on replica sets')
  }
}
