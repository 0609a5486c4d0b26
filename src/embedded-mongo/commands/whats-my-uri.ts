import type { Command } from './command'

export const whatsMyUri: Command = {
  name: 'whatsmyuri',
  summary: "the client's own address",
  fields: [],
  run: (_args, { connection }) => ({ you: connection.remote }),
}
