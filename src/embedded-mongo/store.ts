import type { Doc } from './bson/doc'
import { inSlices } from './execution/slice'
import type { Slice, TimeLimit } from './execution/slice'
import { writeInSlices } from './execution/write-in-slices'
import type { Catalog } from './storage/catalog'
import type { Collection } from './storage/collection'
import type { Environment } from './storage/environment'
import type { Transaction } from './storage/transaction'

/** The collections as a command sees and changes them: as they are, or as its transaction does. */
export interface Store {
  readonly transaction: Transaction | undefined
  collection(database: string, name: string): Collection | undefined
  /** The collection, made if it is not there yet. */
  ensureCollection(database: string, name: string, options?: Doc): Promise<Collection>
  /** Runs `step`, in slices, until it says that it is done. Then its changes are kept, as far as they ever are. */
  write(limit: TimeLimit, step: (slice: Slice) => boolean): Promise<void>
}

/** Every change is seen by everyone, and on disk when the promise resolves. */
export class LiveStore implements Store {
  readonly transaction = undefined

  constructor(
    private readonly environment: Environment,
    private readonly catalog: Catalog,
  ) {}

  collection(database: string, name: string): Collection | undefined {
    return this.catalog.collection(database, name)
  }

  async ensureCollection(database: string, name: string, options: Doc = {}): Promise<Collection> {
    const { catalog, environment } = this
    const present = catalog.collection(database, name)
    if (present !== undefined) return present
    const [tree] = (await environment.takeTrees(1)) as [number]
    try {
      const collection = await environment.write(
        () => catalog.collection(database, name) ?? catalog.createCollection(database, name, options, tree),
      )
      if (collection.identity.documentsTree !== tree) environment.releaseTrees([tree])
      return collection
    } catch (error) {
      if (catalog.collection(database, name)?.identity.documentsTree !== tree) environment.releaseTrees([tree])
      throw error
    }
  }

  write(limit: TimeLimit, step: (slice: Slice) => boolean): Promise<void> {
    return writeInSlices(this.environment, limit, step)
  }
}

/** Changes stay in the transaction's memory until it is committed. */
export class TransactionStore implements Store {
  constructor(readonly transaction: Transaction) {}

  collection(database: string, name: string): Collection | undefined {
    return this.transaction.collection(database, name)
  }

  ensureCollection(database: string, name: string, options?: Doc): Promise<Collection> {
    return this.transaction.ensureCollection(database, name, options)
  }

  async write(limit: TimeLimit, step: (slice: Slice) => boolean): Promise<void> {
    await inSlices(limit, step)
  }
}
