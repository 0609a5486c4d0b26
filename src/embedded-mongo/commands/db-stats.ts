import type { Command } from './command'
import { documentBytes } from './document-bytes'
import { collectionBytes, sumOf } from './storage-size'

export const dbStats: Command = {
  name: 'dbStats',
  aliases: ['dbstats'],
  summary: 'counts and sizes of a database',
  fields: ['scale', 'freeStorage'],
  run: async (args, { engine }) => {
    const collections = engine.catalog.collections(args.database)
    const scale = Math.max(1, args.count('scale') ?? 1)
    const limit = args.timeLimit()
    let dataSize = 0
    for (const collection of collections) dataSize += await documentBytes(collection, limit)
    const sizes = await engine.environment.inspect(() => collections.map(collectionBytes))
    const storageSize = sizes.reduce((sum, { documents }) => sum + documents, 0)
    const indexSize = sizes.reduce((sum, { indexes }) => sum + sumOf(indexes), 0)
    const objects = collections.reduce((sum, collection) => sum + collection.documents.count, 0)
    return {
      db: args.database,
      collections: collections.length,
      views: 0,
      objects,
      avgObjSize: objects === 0 ? 0 : dataSize / objects,
      dataSize: dataSize / scale,
      storageSize: storageSize / scale,
      indexes: collections.reduce((sum, collection) => sum + collection.indexes.length + 1, 0),
      indexSize: indexSize / scale,
      totalSize: (storageSize + indexSize) / scale,
      scaleFactor: scale,
    }
  },
}
