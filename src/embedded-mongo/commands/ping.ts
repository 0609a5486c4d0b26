import type { Command } from './command'

export const ping: Command = { name: 'ping', summary: 'answers', fields: [], run: () => ({}) }
