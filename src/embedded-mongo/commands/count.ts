import { badValue } from '../bson/errors'
import { CountRun } from '../execution/count'
import { checkQuery, prepareQuery } from '../execution/query'
import type { Query, QuerySpec } from '../execution/query'
import { inSlices } from '../execution/slice'
import type { TimeLimit } from '../execution/slice'
import type { Arguments } from './arguments'
import type { Command } from './command'

export const count: Command = {
  name: 'count',
  summary: '`query`, `skip`, `limit`, `hint`, `collation`; without a query at once, however many there are',
  fields: ['query', 'fields', 'skip', 'limit', 'hint', 'collation'],
  run: async (args, { store }) => {
    const { spec, skip, limit } = parseCount(args)
    const collection = store.collection(args.database, args.collection)
    if (collection !== undefined) {
      return { n: await countQuery(prepareQuery(collection, spec), skip, limit, args.timeLimit()) }
    }
    checkQuery(spec)
    return { n: 0 }
  },
}

export interface CountRequest {
  readonly spec: QuerySpec
  readonly skip: number
  /** Infinity: all. */
  readonly limit: number
}

export function parseCount(args: Arguments): CountRequest {
  const limit = Math.abs(numberOf(args, 'limit'))
  return {
    spec: { filter: args.document('query') ?? {}, hint: args.hint(), collation: args.document('collation') },
    skip: args.count('skip') ?? 0,
    limit: limit === 0 ? Infinity : limit,
  }
}

/** A negative limit of a count means its absolute value. */
function numberOf(args: Arguments, field: string): number {
  if (!args.has(field)) return 0
  const number = args.long(field).toNumber()
  if (Number.isSafeInteger(number)) return number
  throw badValue(`the ${field} of a count is out of range`)
}

export async function countQuery(query: Query, skip: number, limit: number, time: TimeLimit): Promise<number> {
  if (query.filter.isEmpty && query.plan.kind === 'COLLSCAN') {
    return Math.min(Math.max(0, query.collection.documents.count - skip), limit)
  }
  const run = new CountRun(query, skip, limit)
  await inSlices(time, (slice) => run.step(slice))
  return run.count
}
