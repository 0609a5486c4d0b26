import { namespaceNotFound } from '../bson/errors'
import { Arguments } from './arguments'
import type { Command } from './command'
import { openListCursor } from './cursor-reply'
import { showIndex } from './index-spec'

export const listIndexes: Command = {
  name: 'listIndexes',
  summary: 'the indexes of a collection',
  fields: ['cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo'],
  run: (args, context) => {
    const namespace = `${args.database}.${args.collection}`
    const collection = context.engine.catalog.collection(args.database, args.collection)
    if (collection === undefined) throw namespaceNotFound(`ns does not exist: ${namespace}`)
    const ready = collection.indexes.filter((index) => index.definition.ready)
    const shown = [{ v: 2, key: { _id: 1 }, name: '_id_' }, ...ready.map((index) => showIndex(index.definition))]
    return openListCursor(context, shown, {
      namespace,
      batchSize: new Arguments('cursor', args.document('cursor') ?? {}).count('batchSize') ?? Infinity,
      session: () => args.session(),
    })
  },
}
