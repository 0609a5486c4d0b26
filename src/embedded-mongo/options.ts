import { parseArgs } from 'node:util'
import { messageOf } from './bson/errors'
import { OPERATION_MS_MAX } from './engine'
import { LOOPBACK_HOSTS, MESSAGE_MS_MAX } from './server'
import { TRANSACTION_LIFETIME_MS } from './sessions/transactions'
import { SLOW_MS } from './slow-log'
import { CHECKPOINT_MS } from './storage/write-queue'
import { TTL_INTERVAL_MS } from './ttl'

export const USAGE = `Usage: main.js [--port N] [--host ADDRESS] (--dbpath DIR | --in-memory) [--ttl-interval-ms N]

  --port N             port to listen on; 0 picks a free one (default 27017)
  --host ADDRESS       a loopback address (default 127.0.0.1)
  --dbpath DIR         folder of the data; made if it is not there
  --in-memory          keep nothing: a temporary folder, removed at exit
  --ttl-interval-ms N  pause between two sweeps for expired documents (default ${TTL_INTERVAL_MS})
  --checkpoint-ms N    how long what is written may stand in the log alone (default ${CHECKPOINT_MS})
  --lock-wait-ms N     how long to wait for another engine to leave the folder (default 10000)
  --transaction-ms N   how long a transaction may be open before it is aborted (default ${TRANSACTION_LIFETIME_MS})
  --operation-ms N     how long an operation may take that names no maxTimeMS; 0: for ever (default ${OPERATION_MS_MAX})
  --message-ms N       how long a message may take to come whole (default ${MESSAGE_MS_MAX})
  --slow-ms N          tell of commands that take at least as long, without their values (default ${SLOW_MS})
  --quiesce-ms N       how long to go on serving open connections after a signal to end (default 0)
  --help               show this
`

const PORT_DEFAULT = 27_017
const PORT_MAX = 65_535
const LOCK_WAIT_MS_DEFAULT = 10_000
const INTERVAL_MS_MAX = 2_147_483_647

export interface EngineOptions {
  readonly host: string
  readonly port: number
  /** undefined: in memory. */
  readonly folder: string | undefined
  readonly ttlIntervalMs: number
  readonly checkpointMs: number
  readonly lockWaitMs: number
  readonly transactionMs: number
  readonly slowMs: number
  readonly quiesceMs: number
  readonly operationMs: number
  /** From a message's first byte to its last. */
  readonly messageMsMax: number
}

/** The command line is wrong. The message is for whoever wrote it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** Throws UsageError. 'help' when that was asked for. */
export function parseOptions(argv: readonly string[]): EngineOptions | 'help' {
  const values = parse(argv)
  if (values.help === true) return 'help'
  const host = values.host ?? '127.0.0.1'
  if (!LOOPBACK_HOSTS.includes(host)) {
    throw new UsageError(`--host ${host}: this server has no authentication and listens on loopback addresses only`)
  }
  const inMemory = values['in-memory'] === true
  if (inMemory === (values.dbpath !== undefined)) throw new UsageError('give either --dbpath or --in-memory')
  return {
    host,
    port: whole('--port', values.port, PORT_DEFAULT, 0, PORT_MAX),
    folder: values.dbpath,
    ttlIntervalMs: whole('--ttl-interval-ms', values['ttl-interval-ms'], TTL_INTERVAL_MS, 1, INTERVAL_MS_MAX),
    checkpointMs: whole('--checkpoint-ms', values['checkpoint-ms'], CHECKPOINT_MS, 1, INTERVAL_MS_MAX),
    lockWaitMs: whole('--lock-wait-ms', values['lock-wait-ms'], LOCK_WAIT_MS_DEFAULT, 0, INTERVAL_MS_MAX),
    transactionMs: whole('--transaction-ms', values['transaction-ms'], TRANSACTION_LIFETIME_MS, 1, INTERVAL_MS_MAX),
    operationMs: whole('--operation-ms', values['operation-ms'], OPERATION_MS_MAX, 0, INTERVAL_MS_MAX),
    messageMsMax: whole('--message-ms', values['message-ms'], MESSAGE_MS_MAX, 1, INTERVAL_MS_MAX),
    slowMs: whole('--slow-ms', values['slow-ms'], SLOW_MS, 0, INTERVAL_MS_MAX),
    quiesceMs: whole('--quiesce-ms', values['quiesce-ms'], 0, 0, INTERVAL_MS_MAX),
  }
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        dbpath: { type: 'string' },
        'in-memory': { type: 'boolean' },
        'ttl-interval-ms': { type: 'string' },
        'checkpoint-ms': { type: 'string' },
        'lock-wait-ms': { type: 'string' },
        'transaction-ms': { type: 'string' },
        'operation-ms': { type: 'string' },
        'message-ms': { type: 'string' },
        'slow-ms': { type: 'string' },
        'quiesce-ms': { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    return values
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

function whole(name: string, given: string | undefined, otherwise: number, min: number, max: number): number {
  if (given === undefined) return otherwise
  const value = /^\d+$/.test(given) ? Number(given) : NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${name} ${given}: must be a whole number from ${min} to ${max}`)
}
