import type { Collation } from '../bson/collation'
import type { Doc } from '../bson/doc'
import { compilePipeline, contextOf } from './aggregate/compile-pipeline'
import { documentsOf, HeldBytes } from './aggregate/flow'
import type { Flow } from './aggregate/flow'
import type { IsOver } from './pause'

export { beginsWithDocuments, documentsOfCollection } from './aggregate/documents'
export { stageName } from './aggregate/stage'

export interface PipelineContext {
  /** All documents of another collection of the same database: $lookup, $unionWith. */
  collection(name: string): Flow
  readonly now: Date
  /** The command's `let`. */
  readonly variables?: Doc | undefined
  readonly collation?: Collation | undefined
  /** What counts what it holds. */
  readonly held?: HeldBytes
  /** When to pause; without it the pipeline never does. */
  readonly isOver?: IsOver
}

/**
 * Runs an aggregation pipeline. The whole of it is understood before this returns, or CommandError is thrown: 40324 for
 * an unknown stage, 168 for an unknown expression. Documents are then made as they are asked for, with pauses in between.
 * https://www.mongodb.com/docs/manual/reference/operator/aggregation-pipeline/
 */
export function openPipeline(docs: Flow, pipeline: readonly Doc[], context: PipelineContext): Flow {
  const { variables = {}, collation, now, isOver = () => false, held = new HeldBytes() } = context
  const collection = (name: string): Flow => context.collection(name)
  const run = compilePipeline(pipeline, contextOf({ collection, variables, now, collation, isOver, held }))
  return run(docs)
}

/** The same without pauses. */
export function runPipeline(docs: Iterable<Doc>, pipeline: readonly Doc[], context: PipelineContext): Iterable<Doc> {
  return documentsOf(openPipeline(docs, pipeline, context))
}
