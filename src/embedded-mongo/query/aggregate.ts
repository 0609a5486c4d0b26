import type { Collation } from '../bson/collation'
import type { Doc } from '../bson/doc'
import { compilePipeline, contextOf } from './aggregate/compile-pipeline'

export interface PipelineContext {
  /** All documents of another collection of the same database: $lookup, $unionWith. */
  collection(name: string): Iterable<Doc>
  readonly now: Date
  /** The command's `let`. */
  readonly variables?: Doc | undefined
  readonly collation?: Collation | undefined
}

/**
 * Runs an aggregation pipeline. The whole of it is understood before this returns, or CommandError is thrown: 40324 for
 * an unknown stage, 168 for an unknown expression. Documents are then made as they are asked for.
 * https://www.mongodb.com/docs/manual/reference/operator/aggregation-pipeline/
 */
export function runPipeline(docs: Iterable<Doc>, pipeline: readonly Doc[], context: PipelineContext): Iterable<Doc> {
  const { variables = {}, collation, now } = context
  const run = compilePipeline(
    pipeline,
    contextOf({ collection: (name) => context.collection(name), variables, now, collation }),
  )
  return run(docs)
}
