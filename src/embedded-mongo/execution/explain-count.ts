import type { Doc } from '../bson/doc'
import { CountRun } from './count'
import { findStages, indexStage, statsOf } from './explain'
import type { RunStats } from './explain'
import type { Query } from './query'
import { inSlices } from './slice'
import type { TimeLimit } from './slice'
import type { FindOptions } from './source'

const ALL: FindOptions = { skip: 0, limit: Infinity }

/** How a query is counted. */
export interface ExplainedCount {
  readonly counted: () => number
  /** The stages below the count. */
  readonly stages: (stats?: RunStats) => Doc
  readonly run: () => Promise<RunStats>
}

export function explainCountOf(
  query: Query,
  { skip, limit }: Pick<FindOptions, 'skip' | 'limit'>,
  time: TimeLimit,
): ExplainedCount {
  // A count of everything is known without a look at anything.
  const isKnown = query.filter.isEmpty && query.plan.kind === 'COLLSCAN'
  const run = new CountRun(query, skip, limit)
  return {
    counted: () => (isKnown ? query.collection.documents.count : run.count),
    stages: (stats) => {
      if (isKnown) return { stage: 'RECORD_STORE_FAST_COUNT' }
      return run.keysOnly ? countScan(indexStage(query, stats)) : findStages(query, ALL, stats)
    },
    run: async () => {
      if (isKnown) return { returned: 1, keysExamined: 0, docsExamined: 0, millis: 0 }
      const startedMs = performance.now()
      await inSlices(time, (slice) => run.step(slice))
      return statsOf(run, 0, startedMs)
    },
  }
}

/** A count that reads keys alone. */
export function countScan(stage: Doc): Doc {
  return stage['stage'] === 'IXSCAN' ? { ...stage, stage: 'COUNT_SCAN' } : stage
}
