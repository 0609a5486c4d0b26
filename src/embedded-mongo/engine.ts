import { Cursors } from './cursors'
import { Catalog } from './storage/catalog'
import type { Collection } from './storage/collection'
import { Environment } from './storage/environment'
import type { EnvironmentOptions } from './storage/environment'

/** The MongoDB whose answers these are, as buildInfo tells it. */
export const MONGODB_VERSION = '7.0.14'
/** https://github.com/mongodb/specifications/blob/master/source/wireversion-featurelist */
export const WIRE_VERSION_MAX = 21

/** What the commands work on. */
export interface Engine {
  readonly environment: Environment
  readonly catalog: Catalog
  readonly cursors: Cursors
  readonly startedAt: Date
  /** Index builds and drops that must not overlap: namespace → the last of them. */
  readonly schemaChanges: Map<string, Promise<unknown>>
  readonly counters: { connections: number; connectionsCreated: number; commands: number }
}

export async function openEngine(options: EnvironmentOptions): Promise<Engine> {
  const environment = Environment.open(options)
  return {
    environment,
    catalog: await Catalog.open(environment),
    cursors: new Cursors(),
    startedAt: new Date(),
    schemaChanges: new Map(),
    counters: { connections: 0, connectionsCreated: 0, commands: 0 },
  }
}

export async function closeEngine(engine: Engine): Promise<void> {
  engine.cursors.close()
  await engine.environment.close()
}

/** The collection, made if it is not there yet. */
export async function ensureCollection(engine: Engine, database: string, name: string): Promise<Collection> {
  const { catalog, environment } = engine
  const present = catalog.collection(database, name)
  if (present !== undefined) return present
  const [tree] = (await environment.takeTrees(1)) as [number]
  const collection = await environment.write(
    () => catalog.collection(database, name) ?? catalog.createCollection(database, name, {}, tree),
  )
  if (collection.identity.documentsTree !== tree) environment.releaseTrees([tree])
  return collection
}
