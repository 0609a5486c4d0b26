import type { Command } from './command'

export const backup: Command = {
  name: 'backup',
  summary: "a copy of the data folder, of one moment and while others write, at the absolute `path`: this server's own",
  fields: ['path'],
  adminOnly: true,
  run: async (args, { engine }) => {
    const path = args.requiredString('path')
    await engine.environment.backup(path)
    return { path }
  },
}
