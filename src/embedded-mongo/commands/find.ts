import { badValue, notImplemented } from '../bson/errors'
import { checkQuery, prepareQuery } from '../execution/query'
import type { QuerySpec } from '../execution/query'
import { ArraySource, findSource } from '../execution/source'
import type { FindOptions, Source } from '../execution/source'
import { compileProjection } from '../query/projection'
import type { Collection } from '../storage/collection'
import type { Arguments } from './arguments'
import type { Command, CommandContext } from './command'
import { FIRST_BATCH_DOCUMENTS, openCursor } from './cursor-reply'

export const find: Command = {
  name: 'find',
  summary: '`filter`, `sort`, `projection`, `skip`, `limit`, `hint`, `collation`, `batchSize`, `singleBatch`',
  fields: [
    'allowDiskUse',
    'allowPartialResults',
    'awaitData',
    'batchSize',
    'collation',
    'filter',
    'hint',
    'let',
    'limit',
    'max',
    'min',
    'noCursorTimeout',
    'oplogReplay',
    'projection',
    'returnKey',
    'showRecordId',
    'singleBatch',
    'skip',
    'sort',
    'tailable',
  ],
  inTransaction: 'allowed',
  run: (args, context) => {
    const request = parseFind(args)
    const { database, collection: name } = args
    const collection = context.store.collection(database, name)
    return openCursor(context, sourceFor(collection, request, context), {
      namespace: collection?.namespace ?? `${database}.${name}`,
      batchSize: args.count('batchSize') ?? FIRST_BATCH_DOCUMENTS,
      singleBatch: args.boolean('singleBatch'),
      session: () => args.session(),
      limit: args.timeLimit(),
    })
  },
}

export interface FindRequest {
  readonly spec: QuerySpec
  readonly options: FindOptions
}

/** Throws CommandError for what cannot be done. */
export function parseFind(args: Arguments): FindRequest {
  if (args.boolean('tailable')) {
    throw badValue('error processing query: tailable cursor requested on non capped collection')
  }
  for (const option of ['returnKey', 'showRecordId'] as const) {
    if (args.boolean(option)) throw notImplemented(`find: '${option}' is not supported by this server`)
  }
  for (const option of ['min', 'max'] as const) {
    if (args.has(option)) throw notImplemented(`find: '${option}' is not supported by this server`)
  }
  const limit = args.count('limit') ?? 0
  const variables = args.variables('let')
  return {
    spec: {
      filter: args.document('filter') ?? {},
      sort: args.document('sort'),
      hint: args.hint(),
      collation: args.document('collation'),
      variables,
    },
    options: {
      skip: args.count('skip') ?? 0,
      limit: limit === 0 ? Infinity : limit,
      projection: args.document('projection'),
      variables,
    },
  }
}

function sourceFor(
  collection: Collection | undefined,
  { spec, options }: FindRequest,
  { engine }: CommandContext,
): Source {
  if (collection !== undefined) return findSource(prepareQuery(collection, spec), options, engine.memory)
  checkQuery(spec)
  compileProjection(options.projection ?? {}, options.variables)
  return new ArraySource([])
}
