import { setMaxListeners } from 'node:events'
import { messageOf } from './bson/errors'
import { Cluster } from './cluster'
import { Cursors } from './cursors'
import { MemoryPool, poolBytesMax } from './memory-pool'
import { Catalog } from './storage/catalog'
import { Environment } from './storage/environment'
import type { EnvironmentOptions } from './storage/environment'
import { StorageOpenError } from './storage/open-error'
import type { Transaction } from './storage/transaction'
import { WriteRecords } from './sessions/write-record'
import { Transactions, TRANSACTION_LIFETIME_MS } from './sessions/transactions'
import { LiveStore } from './store'

/** The MongoDB whose answers these are, as buildInfo tells it. */
export const MONGODB_VERSION = '8.0.16'
/** https://github.com/mongodb/specifications/blob/master/source/wireversion-featurelist */
export const WIRE_VERSION_MAX = 25
/** How long a session lives that nobody uses. */
export const SESSION_TIMEOUT_MINUTES = 30

/** How long an operation may take that names no `maxTimeMS`. */
export const OPERATION_MS_MAX = 10 * 60_000

/** What the commands work on. */
export interface Engine {
  readonly environment: Environment
  readonly catalog: Catalog
  readonly cursors: Cursors
  /** For the documents that sorts and pipelines hold. */
  readonly memory: MemoryPool
  readonly cluster: Cluster
  /** The collections as they are. */
  readonly store: LiveStore
  readonly records: WriteRecords
  readonly transactions: Transactions
  /** For operations that name no `maxTimeMS`. */
  readonly operationMs: number
  readonly startedAt: Date
  /** Index builds and drops that must not overlap: namespace → the last of them. */
  readonly schemaChanges: Map<string, Promise<unknown>>
  /** Aborted when the server ends: whoever waits for something else waits no longer. */
  readonly ending: AbortController
  readonly counters: { connections: number; connectionsCreated: number; commands: number }
}

export interface EngineSettings extends EnvironmentOptions {
  readonly transactionLifetimeMs?: number
  readonly operationMs?: number
}

export async function openEngine(options: EngineSettings): Promise<Engine> {
  const environment = Environment.open(options)
  const catalog = await openCatalog(environment, options.folder)
  const records = new WriteRecords(environment.sessions)
  const cursors = new Cursors()
  const memory = new MemoryPool(poolBytesMax(), () => cursors.makeRoom())
  const lifetimeMs = options.transactionLifetimeMs ?? TRANSACTION_LIFETIME_MS
  const ended = (transaction: Transaction): void => cursors.killTransaction(transaction)
  const startedAt = new Date()
  const ending = new AbortController()
  setMaxListeners(0, ending.signal)
  return {
    environment,
    catalog,
    cursors,
    memory,
    store: new LiveStore(environment, catalog),
    records,
    transactions: new Transactions({ environment, catalog, records, memory, lifetimeMs, onEnd: ended }),
    cluster: new Cluster(startedAt),
    operationMs: options.operationMs ?? OPERATION_MS_MAX,
    startedAt,
    schemaChanges: new Map(),
    ending,
    counters: { connections: 0, connectionsCreated: 0, commands: 0 },
  }
}

async function openCatalog(environment: Environment, folder: string): Promise<Catalog> {
  try {
    return await Catalog.open(environment)
  } catch (error) {
    await environment.close()
    const message = messageOf(error)
    throw new StorageOpenError(`the catalog in the data folder ${folder} cannot be read: ${message}`, { cause: error })
  }
}

/** `atRest`: nobody reads or writes any more. Else the store is left open, since it may not be closed below a reader. */
export async function closeEngine(engine: Engine, atRest: boolean): Promise<void> {
  engine.transactions.endAll()
  engine.cursors.close()
  await (atRest ? engine.environment.close() : engine.environment.endWrites())
}
