import { compileCollation } from '../bson/collation'
import { writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { documentTooLarge, failedToParse, typeMismatch } from '../bson/errors'
import { Batch, DOCUMENT_BYTES_MAX } from '../execution/batch'
import { countShape, readAll } from '../execution/pipeline'
import { checkQuery, prepareQuery } from '../execution/query'
import type { TimeLimit } from '../execution/slice'
import { ArraySource, findSource, SORT_BYTES_MAX, tooMuchMemory } from '../execution/source'
import type { Source } from '../execution/source'
import { fillBatch } from '../cursors'
import { runPipeline } from '../query/aggregate'
import type { PipelineContext } from '../query/aggregate'
import type { Collection } from '../storage/collection'
import { WHOLE_TREE } from '../storage/tree'
import type { Store } from '../store'
import { parseAggregate } from './aggregate-request'
import type { AggregateRequest } from './aggregate-request'
import { Arguments } from './arguments'
import type { Command, CommandContext, Reply } from './command'
import { countQuery } from './count'
import { FIRST_BATCH_DOCUMENTS, openCursor } from './cursor-reply'
import { explainAggregate } from './explain-aggregate'

/** Documents that a pipeline begins with, when its stages cannot work on an index. MongoDB's bound for one stage. */
const PIPELINE_INPUT_BYTES_MAX = SORT_BYTES_MAX

export const aggregate: Command = {
  name: 'aggregate',
  summary:
    '`pipeline`, `collation`, `let`, `hint`, `$out`, `$merge`; leading `$match`, `$sort`, `$skip`, `$limit` use indexes',
  fields: ['allowDiskUse', 'bypassDocumentValidation', 'collation', 'cursor', 'explain', 'hint', 'let', 'pipeline'],
  inTransaction: 'allowed',
  run: async (args, context) => {
    const request = parseAggregate(args, context.store)
    if (args.boolean('explain')) return explainAggregate(request)
    if (!args.has('cursor')) {
      throw failedToParse("The 'cursor' option is required, except for aggregate with the explain argument")
    }
    const limit = args.timeLimit()
    const source = await aggregateSource(context.store, request, limit)
    if (request.output === undefined) return openAggregateCursor(context, args, request, source, limit)
    await request.output(context.engine, await gather(source, limit), limit)
    return openAggregateCursor(context, args, request, new ArraySource([]), limit)
  },
}

async function aggregateSource(store: Store, request: AggregateRequest, limit: TimeLimit): Promise<Source> {
  const { collection, start } = request
  if (collection === undefined) {
    checkQuery({ ...request, filter: start.filter, sort: start.sort })
    return new ArraySource(runRest(store, request, []))
  }
  const query = prepareQuery(collection, { ...request, filter: start.filter, sort: start.sort })
  const count = start.sort === undefined ? countShape(start.rest) : undefined
  if (count !== undefined) {
    const n = await countQuery(query, start.skip, start.limit, limit)
    return new ArraySource(n === 0 ? [] : [writeDoc(count.doc(n))])
  }
  const found = findSource(query, start)
  if (start.rest.length === 0) return found
  return new ArraySource(runRest(store, request, readAll(await gather(found, limit))))
}

/** All that the start of a pipeline finds. The stages after it work on what is in memory. */
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
    if (bytes > PIPELINE_INPUT_BYTES_MAX) throw tooMuchMemory('Pipeline input', PIPELINE_INPUT_BYTES_MAX)
  }
  return documents
}

function runRest(store: Store, request: AggregateRequest, documents: Iterable<Doc>): readonly Uint8Array[] {
  const results: Uint8Array[] = []
  for (const doc of runPipeline(documents, request.start.rest, pipelineContext(store, request))) {
    const raw = writeDoc(doc)
    if (raw.length > DOCUMENT_BYTES_MAX) throw documentTooLarge(`a result of ${raw.length} bytes is too large`)
    results.push(raw)
  }
  return results
}

function pipelineContext(store: Store, request: AggregateRequest): PipelineContext {
  return {
    collection: (name) => allDocuments(store.collection(request.database, name)),
    now: new Date(),
    variables: request.variables,
    collation: compileCollation(request.collation),
  }
}

function* allDocuments(collection: Collection | undefined): Generator<Doc> {
  if (collection === undefined) return
  const raws: Buffer[] = []
  for (const { value } of collection.documents.range(WHOLE_TREE, 1)) raws.push(value)
  yield* readAll(raws)
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
