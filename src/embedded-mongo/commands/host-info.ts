import { availableParallelism, hostname, release, totalmem, type } from 'node:os'
import type { Command } from './command'

export const hostInfo: Command = {
  name: 'hostInfo',
  summary: 'the machine',
  fields: [],
  adminOnly: true,
  run: () => ({
    system: {
      currentTime: new Date(),
      hostname: hostname(),
      cpuAddrSize: 64,
      memSizeMB: Math.floor(totalmem() / 2 ** 20),
      numCores: availableParallelism(),
    },
    os: { type: type(), name: type(), version: release() },
    extra: {},
  }),
}
