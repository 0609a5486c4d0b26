import { MONGODB_VERSION } from '../engine'
import { DOCUMENT_BYTES_MAX } from '../execution/batch'
import type { Command } from './command'

export const buildInfo: Command = {
  name: 'buildInfo',
  aliases: ['buildinfo'],
  summary: 'the MongoDB version whose answers these are',
  fields: [],
  run: () => ({
    version: MONGODB_VERSION,
    gitVersion: '',
    modules: [],
    allocator: 'system',
    javascriptEngine: 'none',
    sysInfo: 'deprecated',
    versionArray: [...MONGODB_VERSION.split('.').map(Number), 0],
    bits: 64,
    debug: false,
    maxBsonObjectSize: DOCUMENT_BYTES_MAX,
    storageEngines: ['lmdb'],
  }),
}
