import type { Engine } from '../engine'
import type { Collection } from '../storage/collection'
import type { Command } from './command'

export const drop: Command = {
  name: 'drop',
  summary: 'a collection with its indexes; one that is not there is no error',
  fields: [],
  run: async (args, { engine }) => {
    const collection = engine.catalog.collection(args.database, args.collection)
    if (collection === undefined) return {}
    await dropCollections(engine, [collection])
    return { nIndexesWas: collection.indexes.length + 1, ns: collection.namespace }
  },
}

/** All in one transaction. */
export async function dropCollections(engine: Engine, collections: readonly Collection[]): Promise<void> {
  const { catalog, environment } = engine
  const trees = await environment.write(() =>
    collections.flatMap((collection) => (collection.dropped ? [] : catalog.drop(collection))),
  )
  environment.releaseTrees(trees)
}
