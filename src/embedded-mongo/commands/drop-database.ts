import type { Command } from './command'
import { dropCollections } from './drop'

export const dropDatabase: Command = {
  name: 'dropDatabase',
  summary: 'all collections of a database',
  fields: [],
  run: async (args, { engine }) => {
    const collections = engine.catalog.collections(args.database)
    await dropCollections(engine, collections)
    return collections.length === 0 ? {} : { dropped: args.database }
  },
}
