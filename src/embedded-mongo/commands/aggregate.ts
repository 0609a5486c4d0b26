import { compileCollation } from '../bson/collation'
import { writeDoc } from '../bson/doc'
import { failedToParse, typeMismatch } from '../bson/errors'
import type { Engine } from '../engine'
import { countShape } from '../execution/pipeline'
import { PipelineSource } from '../execution/pipeline-source'
import { checkQuery, prepareQuery } from '../execution/query'
import type { TimeLimit } from '../execution/slice'
import { ArraySource, findSource } from '../execution/source'
import type { Source } from '../execution/source'
import { openPipeline } from '../query/aggregate'
import type { Collection } from '../storage/collection'
import { parseAggregate } from './aggregate-request'
import type { AggregateRequest } from './aggregate-request'
import { Arguments } from './arguments'
import type { Command, CommandContext, Reply } from './command'
import { countQuery } from './count'
import { FIRST_BATCH_DOCUMENTS, openCursor } from './cursor-reply'
import { explainAggregate } from './explain-aggregate'

export const aggregate: Command = {
  name: 'aggregate',
  summary: '`pipeline`, `collation`, `let`, `hint`; leading `$match`, `$sort`, `$skip`, `$limit` use indexes',
  fields: ['allowDiskUse', 'bypassDocumentValidation', 'collation', 'cursor', 'explain', 'hint', 'let', 'pipeline'],
  run: async (args, context) => {
    const request = parseAggregate(args, context.engine)
    if (args.boolean('explain')) return explainAggregate(request)
    if (!args.has('cursor')) {
      throw failedToParse("The 'cursor' option is required, except for aggregate with the explain argument")
    }
    const limit = args.timeLimit()
    const source = await aggregateSource(context.engine, request, limit)
    return openAggregateCursor(context, args, request, source, limit)
  },
}

async function aggregateSource(engine: Engine, request: AggregateRequest, limit: TimeLimit): Promise<Source> {
  const { collection, start } = request
  if (collection === undefined) {
    checkQuery({ ...request, filter: start.filter, sort: start.sort })
    return pipelineSource(engine, request, new ArraySource([]))
  }
  const query = prepareQuery(collection, { ...request, filter: start.filter, sort: start.sort })
  const count = start.sort === undefined ? countShape(start.rest) : undefined
  if (count !== undefined) {
    const n = await countQuery(query, start.skip, start.limit, limit)
    return new ArraySource(n === 0 ? [] : [writeDoc(count.doc(n))])
  }
  const found = findSource(query, start)
  return start.rest.length === 0 ? found : pipelineSource(engine, request, found)
}

function pipelineSource(engine: Engine, request: AggregateRequest, input: Source): Source {
  const { database, start, variables } = request
  return new PipelineSource((isOver, read) =>
    openPipeline(read(input), start.rest, {
      collection: (name) => read(everythingIn(engine.catalog.collection(database, name))),
      now: new Date(),
      variables,
      collation: compileCollation(request.collation),
      isOver,
    }),
  )
}

function everythingIn(collection: Collection | undefined): Source {
  if (collection === undefined) return new ArraySource([])
  return findSource(prepareQuery(collection, { filter: {} }), { skip: 0, limit: Infinity })
}

function openAggregateCursor(
  context: CommandContext,
  args: Arguments,
  request: AggregateRequest,
  source: Source,
  limit: TimeLimit,
): Reply | Promise<Reply> {
  const cursor = args.document('cursor')
  if (cursor === undefined) throw typeMismatch('cursor field must be missing or an object')
  return openCursor(context, source, {
    namespace: `${request.database}.${request.name}`,
    batchSize: new Arguments('cursor', cursor).count('batchSize') ?? FIRST_BATCH_DOCUMENTS,
    session: args.session(),
    limit,
  })
}
