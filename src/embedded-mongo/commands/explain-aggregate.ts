import type { Doc } from '../bson/doc'
import { explainReply, findStages, missingCollection, runForStats } from '../execution/explain'
import type { Verbosity } from '../execution/explain'
import { explainCountOf } from '../execution/explain-count'
import { countShape } from '../execution/pipeline'
import { prepareQuery } from '../execution/query'
import { TimeLimit } from '../execution/slice'
import type { AggregateRequest } from './aggregate-request'

/** The plan of what a pipeline begins with; what comes after it is shown as it was given. */
export async function explainAggregate(request: AggregateRequest, verbosity: Verbosity = 'queryPlanner'): Promise<Doc> {
  const namespace = `${request.database}.${request.name}`
  if (request.collection === undefined) return missingCollection(namespace, request.start.filter)
  const { start } = request
  const query = prepareQuery(request.collection, { ...request, filter: start.filter, sort: start.sort })
  const time = new TimeLimit(undefined)
  const counts = start.sort === undefined && countShape(start.rest) !== undefined
  const count = counts ? explainCountOf(query, start, time) : undefined
  const explained = await explainReply(
    namespace,
    query,
    verbosity,
    (stats) => count?.stages(stats) ?? findStages(query, start, stats),
    async () => {
      if (count === undefined) return runForStats(query, start, time)
      return { ...(await count.run()), returned: count.counted() }
    },
  )
  if (start.rest.length === 0) return explained
  const { explainVersion, ...cursor } = explained
  return { explainVersion, stages: [{ $cursor: cursor }, ...start.rest] }
}
