import type { Doc } from '../bson/doc'
import { rawTopLevel } from '../query/projection'
import { Batch } from './batch'
import type { Plan } from '../query/planner'
import type { Query } from './query'
import type { DocumentScan } from './scan'
import { inSlices } from './slice'
import type { TimeLimit } from './slice'
import { findSource } from './source'
import type { FindOptions, Source } from './source'

/** What a run of the plan has done. */
export interface RunStats {
  readonly returned: number
  readonly keysExamined: number
  readonly docsExamined: number
  readonly millis: number
}

type Examined = Pick<DocumentScan, 'keysExamined' | 'docsExamined'>

/** Runs a find for its numbers alone. */
export function runForStats(query: Query, options: FindOptions, limit: TimeLimit): Promise<RunStats> {
  const source = findSource(query, options)
  return runSource(source, limit, source.scan)
}

/** Runs a source for its numbers alone, and those of what it `examined`. */
export async function runSource(source: Source, limit: TimeLimit, examined: Examined): Promise<RunStats> {
  const startedMs = performance.now()
  let returned = 0
  let batch = new Batch(Infinity)
  await inSlices(limit, (slice) => {
    for (;;) {
      const state = source.fill(batch, slice)
      if (state === 'paused') return false
      returned += batch.documents.length
      batch = new Batch(Infinity)
      if (state === 'done') return true
    }
  })
  return statsOf(examined, returned, startedMs)
}

export function statsOf({ keysExamined, docsExamined }: Examined, returned: number, startedMs: number): RunStats {
  return { returned, keysExamined, docsExamined, millis: Math.round(performance.now() - startedMs) }
}

/** The stages that answer a find, the last one outermost. With `stats` each also tells what it did. */
export function findStages(query: Query, options: FindOptions, stats?: RunStats): Doc {
  const returned = stats === undefined ? {} : { nReturned: stats.returned }
  const sorts = !query.plan.providesSort
  const more = options.skip > 0 || options.limit !== Infinity || sorts
  // What the stages under a sort, a skip or a limit returned is known to be no less than that.
  let stage = accessStages(query, stats, more ? {} : returned)
  if (sorts) {
    const limitAmount = options.limit === Infinity ? {} : { limitAmount: options.skip + options.limit }
    stage = { stage: 'SORT', ...returned, sortPattern: query.sort, ...limitAmount, inputStage: stage }
  }
  if (options.skip > 0) stage = { stage: 'SKIP', ...returned, skipAmount: options.skip, inputStage: stage }
  if (options.limit !== Infinity && !sorts) {
    stage = { stage: 'LIMIT', ...returned, limitAmount: options.limit, inputStage: stage }
  }
  const { projection } = options
  if (projection === undefined || Object.keys(projection).length === 0) return stage
  const name = rawTopLevel(projection) === undefined ? 'PROJECTION_DEFAULT' : 'PROJECTION_SIMPLE'
  return { stage: name, ...returned, transformBy: projection, inputStage: stage }
}

/** How the documents are found: a scan of the collection, or of an index and then the documents it names. */
function accessStages(query: Query, stats: RunStats | undefined, returned: Doc): Doc {
  const { plan } = query
  const filter = plan.exact ? {} : { filter: query.filterDoc }
  const docs = stats === undefined ? {} : { docsExamined: stats.docsExamined }
  switch (plan.kind) {
    case 'EOF':
      return { stage: 'EOF', ...returned }
    case 'IDHACK': {
      const keys = stats === undefined ? {} : { keysExamined: stats.keysExamined }
      return { stage: 'IDHACK', ...returned, ...keys, ...docs, ...filter }
    }
    case 'COLLSCAN':
      return { stage: 'COLLSCAN', ...filter, ...returned, direction: directionOf(query), ...docs }
    case 'OR':
    case 'IXSCAN':
      return { stage: 'FETCH', ...filter, ...returned, ...docs, inputStage: indexStage(query, stats) }
  }
}

/** The scan of an index. */
export function indexStage(query: Query, stats?: RunStats): Doc {
  const { index, boundsForExplain, branches, merges } = query.plan
  const examined = stats === undefined ? {} : { keysExamined: stats.keysExamined }
  if (branches !== undefined) {
    return { stage: 'OR', ...examined, inputStages: branches.map((plan) => indexStage({ ...query, plan })) }
  }
  if (index === undefined) return { stage: 'EOF' }
  if (merges) {
    const inputStages = [
      indexStage({ ...query, plan: Object.create(query.plan, { merges: { value: false } }) as Plan }),
    ]
    return { stage: 'SORT_MERGE', ...examined, sortPattern: query.sort, inputStages }
  }
  return {
    stage: 'IXSCAN',
    keyPattern: index.key,
    indexName: index.name,
    isMultiKey: index.multikey.length > 0,
    isUnique: index.unique,
    isSparse: index.sparse,
    isPartial: index.partialFilter !== undefined,
    direction: directionOf(query),
    indexBounds: boundsForExplain,
    ...examined,
  }
}

function directionOf(query: Query): string {
  return query.plan.direction === 1 ? 'forward' : 'backward'
}

export type Verbosity = 'queryPlanner' | 'executionStats' | 'allPlansExecution'

/** The answer of explain. `stages` draws the stages, with or without numbers; `run` gives the numbers. */
export async function explainReply(
  namespace: string,
  query: Query,
  verbosity: Verbosity,
  stages: (stats?: RunStats) => Doc,
  run: () => Promise<RunStats>,
): Promise<Doc> {
  const queryPlanner = {
    plannerVersion: 1,
    namespace,
    indexFilterSet: false,
    parsedQuery: query.filterDoc,
    winningPlan: stages(),
    rejectedPlans: query.plan.rejected.map((plan) => accessStages({ ...query, plan }, undefined, {})),
  }
  if (verbosity === 'queryPlanner') return { explainVersion: '1', queryPlanner }
  const stats = await run()
  const executionStats = {
    executionSuccess: true,
    nReturned: stats.returned,
    executionTimeMillis: stats.millis,
    totalKeysExamined: stats.keysExamined,
    totalDocsExamined: stats.docsExamined,
    executionStages: stages(stats),
    ...(verbosity === 'allPlansExecution' ? { allPlansExecution: [] } : {}),
  }
  return { explainVersion: '1', queryPlanner, executionStats }
}

/** The answer for a collection that does not exist. */
export function missingCollection(namespace: string, filter: Doc): Doc {
  const winningPlan = { stage: 'EOF' }
  const queryPlanner = {
    plannerVersion: 1,
    namespace,
    indexFilterSet: false,
    parsedQuery: filter,
    winningPlan,
    rejectedPlans: [],
  }
  const executionStats = {
    executionSuccess: true,
    nReturned: 0,
    executionTimeMillis: 0,
    totalKeysExamined: 0,
    totalDocsExamined: 0,
    executionStages: winningPlan,
  }
  return { explainVersion: '1', queryPlanner, executionStats }
}
