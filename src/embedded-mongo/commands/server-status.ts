import { hostname } from 'node:os'
import { MONGODB_VERSION } from '../engine'
import { CONNECTIONS_MAX } from '../server'
import type { Command } from './command'

export const serverStatus: Command = {
  name: 'serverStatus',
  summary: 'connections, cursors, memory, uptime',
  fields: ['repl', 'metrics', 'locks'],
  run: (_args, { engine }) => {
    const { connections, connectionsCreated, commands } = engine.counters
    const memory = process.memoryUsage()
    return {
      host: hostname(),
      version: MONGODB_VERSION,
      process: 'mongod',
      pid: process.pid,
      uptime: process.uptime(),
      uptimeMillis: Math.round(process.uptime() * 1_000),
      localTime: new Date(),
      connections: {
        current: connections,
        available: CONNECTIONS_MAX - connections,
        totalCreated: connectionsCreated,
      },
      mem: { bits: 64, resident: Math.round(memory.rss / 2 ** 20), supported: true },
      metrics: { commands: { total: commands }, cursor: { open: { total: engine.cursors.count } } },
      storageEngine: { name: 'lmdb', persistent: true },
    }
  },
}
