import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError, notImplemented } from '../bson/errors'
import { splitPipeline } from '../execution/pipeline'
import type { PipelineStart } from '../execution/pipeline'
import type { Collection } from '../storage/collection'
import type { Store } from '../store'
import { splitOutput } from './aggregate-output'
import type { Output } from './aggregate-output'
import type { Arguments } from './arguments'

export interface AggregateRequest {
  readonly database: string
  readonly name: string
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
  if (typeof args.get(args.name) !== 'string') {
    throw notImplemented('aggregate: pipelines on a database are not supported by this server')
  }
  const { pipeline, output } = splitOutput(stages, {
    database: args.database,
    inTransaction: store.transaction !== undefined,
    collation: args.document('collation'),
    bypassValidation: args.boolean('bypassDocumentValidation'),
  })
  return {
    database: args.database,
    name: args.collection,
    collection: store.collection(args.database, args.collection),
    start: splitPipeline(pipeline),
    output,
    hint: args.hint(),
    collation: args.document('collation'),
    variables: args.variables('let'),
  }
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
