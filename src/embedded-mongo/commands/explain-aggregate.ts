import { Long } from 'bson'
import type { Doc } from '../bson/doc'
import { explainReply, findStages, indexStage, missingCollection, runForStats, runSource } from '../execution/explain'
import type { RunStats, Verbosity } from '../execution/explain'
import { countScan, explainCountOf } from '../execution/explain-count'
import { groupCountOf, GroupCountSource } from '../execution/group-count'
import { countShape } from '../execution/pipeline'
import { prepareQuery } from '../execution/query'
import type { Query } from '../execution/query'
import type { TimeLimit } from '../execution/slice'
import { findSource } from '../execution/source'
import { pipelineSource } from './aggregate-pipeline'
import { isOnDatabase, wantsEverything } from './aggregate-request'
import type { AggregateRequest } from './aggregate-request'
import type { CommandContext } from './command'

type ExplainContext = Pick<CommandContext, 'engine' | 'store'>

/** The plan of what a pipeline begins with; what comes after it is shown as it was given. */
export async function explainAggregate(
  context: ExplainContext,
  request: AggregateRequest,
  time: TimeLimit,
  verbosity: Verbosity = 'queryPlanner',
): Promise<Doc> {
  if (isOnDatabase(request)) return explainDocuments(context, request, time, verbosity)
  const namespace = `${request.database}.${request.name}`
  if (request.collection === undefined) return missingCollection(namespace, request.start.filter)
  const { start } = request
  const query = prepareQuery(request.collection, { ...request, filter: start.filter, sort: start.sort })
  const { stages, run } = explainStart(request, query, time)
  const explained = await explainReply(namespace, query, verbosity, stages, run)
  if (start.rest.length === 0) return explained
  const { explainVersion, ...cursor } = explained
  return { explainVersion, stages: [{ $cursor: cursor }, ...start.rest] }
}

/** There is nothing to plan; with numbers, those of the documents that the pipeline brings. */
async function explainDocuments(
  context: ExplainContext,
  request: AggregateRequest,
  time: TimeLimit,
  verbosity: Verbosity,
): Promise<Doc> {
  const stages = request.start.rest
  // All of it is understood, or refused, though no more than its beginning runs.
  pipelineSource(context, request, stages)
  if (verbosity === 'queryPlanner') return { explainVersion: '1', stages }
  const source = pipelineSource(context, request, stages.slice(0, 1))
  try {
    const { returned, millis } = await runSource(source, time, { keysExamined: 0, docsExamined: 0 })
    const numbers = { nReturned: Long.fromNumber(returned), executionTimeMillisEstimate: Long.fromNumber(millis) }
    return { explainVersion: '1', stages: [{ ...stages[0], ...numbers }, ...stages.slice(1)] }
  } finally {
    source.close()
  }
}

interface ExplainedStart {
  readonly stages: (stats?: RunStats) => Doc
  readonly run: () => Promise<RunStats>
}

/** A count, groups that an index counts, or documents that are found. */
function explainStart(request: AggregateRequest, query: Query, time: TimeLimit): ExplainedStart {
  const { start } = request
  if (start.sort === undefined && countShape(start.rest) !== undefined) {
    const { stages, run, counted } = explainCountOf(query, start, time)
    return { stages, run: async () => ({ ...(await run()), returned: counted() }) }
  }
  const group = wantsEverything(request) ? groupCountOf(query.collection, start.rest[0]) : undefined
  if (group === undefined) {
    return { stages: (stats) => findStages(query, start, stats), run: () => runForStats(query, start, time) }
  }
  const hinted = prepareQuery(query.collection, { filter: {}, hint: group.index.definition.name })
  const source = new GroupCountSource(query.collection, group, () => findSource(query, start))
  return {
    stages: (stats) => countScan(indexStage(hinted, stats)),
    run: () => runSource(source, time, source),
  }
}
