import type { Doc } from '../bson/doc'
import { explainReply, findStages, indexStage, missingCollection, runForStats, runSource } from '../execution/explain'
import type { RunStats, Verbosity } from '../execution/explain'
import { countScan, explainCountOf } from '../execution/explain-count'
import { groupCountOf, GroupCountSource } from '../execution/group-count'
import { countShape } from '../execution/pipeline'
import { prepareQuery } from '../execution/query'
import type { Query } from '../execution/query'
import { TimeLimit } from '../execution/slice'
import { findSource } from '../execution/source'
import { wantsEverything } from './aggregate-request'
import type { AggregateRequest } from './aggregate-request'

/** The plan of what a pipeline begins with; what comes after it is shown as it was given. */
export async function explainAggregate(request: AggregateRequest, verbosity: Verbosity = 'queryPlanner'): Promise<Doc> {
  const namespace = `${request.database}.${request.name}`
  if (request.collection === undefined) return missingCollection(namespace, request.start.filter)
  const { start } = request
  const query = prepareQuery(request.collection, { ...request, filter: start.filter, sort: start.sort })
  const time = new TimeLimit(undefined)
  const { stages, run } = explainStart(request, query, time)
  const explained = await explainReply(namespace, query, verbosity, stages, run)
  if (start.rest.length === 0) return explained
  const { explainVersion, ...cursor } = explained
  return { explainVersion, stages: [{ $cursor: cursor }, ...start.rest] }
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
