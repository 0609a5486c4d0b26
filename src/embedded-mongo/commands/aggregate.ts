import { writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { failedToParse, tooMuchMemory, typeMismatch } from '../bson/errors'
import { fillBatch } from '../cursors'
import { Batch } from '../execution/batch'
import { GroupCountSource, groupCountOf } from '../execution/group-count'
import { countShape } from '../execution/pipeline'
import { checkQuery, prepareQuery } from '../execution/query'
import type { TimeLimit } from '../execution/slice'
import { ArraySource, findSource } from '../execution/source'
import type { Source } from '../execution/source'
import { fieldsRead } from '../query/aggregate/fields-read'
import { PIPELINE_BYTES_MAX } from '../query/aggregate/flow'
import { pipelineSource } from './aggregate-pipeline'
import { parseAggregate, wantsEverything } from './aggregate-request'
import type { AggregateRequest } from './aggregate-request'
import { Arguments } from './arguments'
import type { Command, CommandContext, Reply } from './command'
import { countQuery } from './count'
import { FIRST_BATCH_DOCUMENTS, openCursor } from './cursor-reply'
import { explainAggregate } from './explain-aggregate'

export const aggregate: Command = {
  name: 'aggregate',
  summary:
    '`pipeline`, `collation`, `let`, `hint`, `$out`, `$merge`; leading `$match`, `$sort`, `$skip`, `$limit` use indexes; on a database from `$documents`',
  fields: ['allowDiskUse', 'bypassDocumentValidation', 'collation', 'cursor', 'explain', 'hint', 'let', 'pipeline'],
  inTransaction: 'allowed',
  run: async (args, context) => {
    const request = parseAggregate(args, context.store)
    const limit = args.timeLimit()
    if (args.boolean('explain')) return explainAggregate(context, request, limit)
    if (!args.has('cursor')) {
      throw failedToParse("The 'cursor' option is required, except for aggregate with the explain argument")
    }
    const source = await aggregateSource(context, request, limit)
    if (request.output === undefined) return openAggregateCursor(context, args, request, source, limit)
    await request.output(context.engine, await gather(source, limit), limit)
    return openAggregateCursor(context, args, request, new ArraySource([]), limit)
  },
}

async function aggregateSource(context: CommandContext, request: AggregateRequest, limit: TimeLimit): Promise<Source> {
  const { collection, start } = request
  if (collection === undefined) {
    checkQuery({ ...request, filter: start.filter, sort: start.sort })
    return pipelineSource(context, request, start.rest)
  }
  const query = prepareQuery(collection, { ...request, filter: start.filter, sort: start.sort })
  const count = start.sort === undefined ? countShape(start.rest) : undefined
  if (count !== undefined) {
    const n = await countQuery(query, start.skip, start.limit, limit)
    return new ArraySource(n === 0 ? [] : [writeDoc(count.doc(n))])
  }
  const { memory } = context.engine
  if (start.rest.length === 0) return findSource(query, start, memory)
  const read = (rest: readonly Doc[]): Source =>
    pipelineSource(context, request, rest, findSource(query, { ...start, fields: fieldsRead(rest) }, memory))
  const group = wantsEverything(request) ? groupCountOf(collection, start.rest[0]) : undefined
  if (group === undefined) return read(start.rest)
  const [first, ...rest] = start.rest
  const groups = new GroupCountSource(collection, group, () => read(first === undefined ? [] : [first]))
  return rest.length === 0 ? groups : pipelineSource(context, request, rest, groups)
}

/** All results, for an output stage: it may write to what the pipeline reads. */
async function gather(source: Source, limit: TimeLimit): Promise<readonly Uint8Array[]> {
  const documents: Uint8Array[] = []
  let bytes = 0
  for (let done = false; !done;) {
    const batch = new Batch(Infinity)
    done = await fillBatch(source, batch, limit)
    for (const document of batch.documents) {
      bytes += document.length
      documents.push(document)
    }
    if (bytes > PIPELINE_BYTES_MAX) throw tooMuchMemory('Pipeline output', PIPELINE_BYTES_MAX)
  }
  return documents
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
    session: () => args.session(),
    limit,
  })
}
