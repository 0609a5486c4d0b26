import type { Engine } from '../engine'
import { Slice } from '../execution/slice'
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

/** As many in one transaction as fit in a slice. */
export async function dropCollections(engine: Engine, collections: readonly Collection[]): Promise<void> {
  const { catalog, cursors, environment } = engine
  for (let next = 0; next < collections.length;) {
    const from = next
    const { trees, end } = await environment.writeDirectly(() => {
      const slice = new Slice()
      const emptied: number[] = []
      let at = from
      do {
        const collection = collections[at++] as Collection
        if (!collection.dropped) emptied.push(...catalog.drop(collection))
      } while (at < collections.length && !slice.isOver(true))
      cursors.endCollections(new Set(collections.slice(from, at).map(({ namespace }) => namespace)))
      return { trees: emptied, end: at }
    })
    environment.releaseTrees(trees)
    next = end
  }
}
