import { compileFilter } from '../query/filter'
import type { Command } from './command'
import { databaseBytes } from './storage-size'

export const listDatabases: Command = {
  name: 'listDatabases',
  summary: 'names and sizes; `filter`, `nameOnly`',
  fields: ['filter', 'nameOnly', 'authorizedDatabases'],
  adminOnly: true,
  run: async (args, { engine }) => {
    const nameOnly = args.boolean('nameOnly')
    const filter = compileFilter(args.document('filter') ?? {})
    const names = engine.catalog.databaseNames()
    const sizes = nameOnly
      ? []
      : await engine.environment.inspect(() => names.map((name) => databaseBytes(engine, name)))
    const all = names.map((name, i) => (nameOnly ? { name } : { name, sizeOnDisk: sizes[i] ?? 0, empty: false }))
    const databases = all.filter((database) => filter.matches(database))
    if (nameOnly) return { databases }
    const totalSize = sizes.reduce((sum, size) => sum + size, 0)
    return { databases, totalSize, totalSizeMb: Math.floor(totalSize / 2 ** 20) }
  },
}
