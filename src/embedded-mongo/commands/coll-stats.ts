import type { Command } from './command'
import { collectionBytes, sumOf } from './storage-size'
import { documentBytes } from './document-bytes'

export const collStats: Command = {
  name: 'collStats',
  aliases: ['collstats'],
  summary: 'count and sizes of a collection',
  fields: ['scale'],
  run: async (args, { engine }) => {
    const collection = engine.catalog.collection(args.database, args.collection)
    const ns = `${args.database}.${args.collection}`
    if (collection === undefined) return { ns, count: 0, size: 0, storageSize: 0, nindexes: 0, totalIndexSize: 0 }
    const scale = Math.max(1, args.count('scale') ?? 1)
    const size = await documentBytes(collection, args.timeLimit())
    const { documents, indexes } = await engine.environment.inspect(() => collectionBytes(collection))
    const { count } = collection.documents
    return {
      ns,
      count,
      size: Math.floor(size / scale),
      ...(count > 0 ? { avgObjSize: Math.round(size / count) } : {}),
      storageSize: Math.floor(documents / scale),
      nindexes: collection.indexes.length + 1,
      indexSizes: { _id_: 0, ...indexes },
      totalIndexSize: Math.floor(sumOf(indexes) / scale),
      scaleFactor: scale,
      capped: false,
    }
  },
}
