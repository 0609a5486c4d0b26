import { CommandError, noSuchTransaction, writeConflict } from '../bson/errors'
import type { Doc } from '../bson/doc'
import type { Memory } from '../query/memory'
import type { Catalog } from './catalog'
import { Collection } from './collection'
import type { Environment } from './environment'
import type { IndexDefinition } from './index-definition'
import { SecondaryIndex } from './secondary-index'
import type { Snapshot } from './snapshot'
import { goOn } from './steps'
import { TransactionTree } from './transaction-tree'
import type { TreeOwner } from './transaction-tree'

/** Bytes of keys and documents that one transaction may change. */
export const TRANSACTION_BYTES_MAX = 64 * 1_024 * 1_024

/** A collection as the transaction sees it. */
interface View {
  readonly collection: Collection
  /** The one that everybody sees, or will see. */
  readonly source: Collection
  /** The transaction makes it. */
  readonly isDraft: boolean
  /** The source's, when the view was made. */
  readonly schemaVersion: number
}

/**
 * Many changes that happen together or not at all. It reads a snapshot and keeps what it changes to itself, in memory,
 * until it is committed: in one write of the store, which finds out whether others have changed the same entries since.
 * What it changes it also locks, so that others wait, or fail early where they are transactions too.
 */
export class Transaction implements TreeOwner {
  readonly ended: Promise<void>
  /** A statement has failed: nothing may be committed any more. */
  failed = false
  private end: () => void = () => undefined
  private readonly snapshot: Snapshot
  private readonly version: number
  private readonly trees = new Map<number, TransactionTree>()
  private readonly views = new Map<string, View>()
  private bytes = 0

  constructor(
    private readonly environment: Environment,
    private readonly catalog: Catalog,
    /** Where it takes what it keeps from, and gives it back. */
    private readonly memory?: Memory,
  ) {
    this.ended = new Promise((resolve) => (this.end = resolve))
    this.version = catalog.version
    this.snapshot = environment.snapshot()
  }

  checkOpen(): void {
    if (this.snapshot.isClosed) throw noSuchTransaction('the transaction has ended')
  }

  account(bytes: number): void {
    if (this.bytes + bytes > TRANSACTION_BYTES_MAX) {
      const message = `a transaction may change ${TRANSACTION_BYTES_MAX} bytes of keys and documents at the most`
      throw new CommandError(257, 'TransactionTooLarge', message)
    }
    this.memory?.take(bytes)
    this.bytes += bytes
  }

  collection(database: string, name: string): Collection | undefined {
    const namespace = `${database}.${name}`
    const known = this.views.get(namespace)
    if (known !== undefined) return known.collection
    const live = this.catalog.collection(database, name)
    if (live === undefined) return undefined
    const isNew = live.createdVersion > this.version
    if (!isNew && live.schemaVersion > this.version) {
      const message = `Unable to read from a snapshot due to pending collection catalog changes; please retry the operation: ${namespace}`
      throw new CommandError(246, 'SnapshotUnavailable', message)
    }
    return this.addView(live, { isDraft: false, isNew })
  }

  /** The collection; where there is none the transaction makes it, and nobody sees it before the commit. */
  async ensureCollection(database: string, name: string, options: Doc = {}): Promise<Collection> {
    const present = this.collection(database, name)
    if (present !== undefined) return present
    const [tree] = (await this.environment.takeTrees(1)) as [number]
    const again = this.collection(database, name)
    if (again !== undefined) {
      this.environment.releaseTrees([tree])
      return again
    }
    return this.addView(this.catalog.draft(database, name, options, tree), { isDraft: true, isNew: true })
  }

  /** Is it one that the transaction makes, and that nobody else sees before the commit? */
  isDraft({ namespace }: Collection): boolean {
    return this.views.get(namespace)?.isDraft === true
  }

  /** Adds indexes to a collection that the transaction makes, and that has no documents yet. */
  async addIndexes(collection: Collection, definitions: readonly Omit<IndexDefinition, 'tree'>[]): Promise<void> {
    const trees = await this.environment.takeTrees(definitions.length)
    const source = this.views.get(collection.namespace)?.source
    if (source === undefined) {
      this.environment.releaseTrees(trees)
      throw noSuchTransaction('the transaction has ended')
    }
    definitions.forEach((each, i) => {
      const definition = { ...each, tree: trees[i] as number }
      source.indexes = [...source.indexes, new SecondaryIndex(definition, this.environment.tree(definition.tree))]
      collection.indexes = [...collection.indexes, new SecondaryIndex(definition, this.tree(definition.tree, true))]
    })
  }

  private addView(source: Collection, { isDraft, isNew }: { isDraft: boolean; isNew: boolean }): Collection {
    const indexes = source.indexes.map(
      ({ definition }) => new SecondaryIndex(definition, this.tree(definition.tree, isNew)),
    )
    const documents = this.tree(source.identity.documentsTree, isNew)
    const collection = new Collection(source.identity, documents, indexes, source.truncatedIds, () => undefined)
    this.views.set(source.namespace, { collection, source, isDraft, schemaVersion: source.schemaVersion })
    return collection
  }

  private tree(number: number, isNew: boolean): TransactionTree {
    // The tree of what is newer than the snapshot may have belonged to another when that was taken.
    const tree = new TransactionTree(this.environment.tree(number), isNew ? undefined : this.snapshot, this)
    this.trees.set(number, tree)
    return tree
  }

  /** Resolves when all of it is on disk. Throws WriteConflict; then none of it has happened. */
  async commit(alsoWrite: () => void): Promise<void> {
    try {
      const views = [...this.views.values()].filter(({ collection, isDraft }) => isDraft || this.hasChanged(collection))
      const work = this.applied(views, alsoWrite)
      if (views.length > 0) await this.environment.writeInSteps(() => goOn(work))
      this.finish()
    } catch (error) {
      this.abort()
      throw error
    }
  }

  private hasChanged({ identity }: Collection): boolean {
    return this.trees.get(identity.documentsTree)?.isChanged === true
  }

  private *applied(views: readonly View[], alsoWrite: () => void): Generator<void, void> {
    for (const view of views) this.verify(view)
    for (const tree of this.trees.values()) yield* tree.verified()
    for (const tree of this.trees.values()) yield* tree.applied()
    // Of the catalog readers see what is in memory: so that comes last.
    for (const { collection, source, isDraft } of views) {
      if (isDraft) this.catalog.adopt(source)
      source.absorb(collection)
    }
    alsoWrite()
  }

  private verify({ source, isDraft, schemaVersion }: View): void {
    const { database, name } = source.identity
    const present = this.catalog.collection(database, name)
    if (isDraft ? present !== undefined : present !== source || source.schemaVersion !== schemaVersion) {
      throw writeConflict()
    }
  }

  /** Nothing of it has happened. */
  abort(): void {
    for (const { source, isDraft } of this.views.values()) {
      if (isDraft) this.environment.releaseTrees(source.treeNumbers())
    }
    this.finish()
  }

  private finish(): void {
    this.memory?.give(this.bytes)
    this.bytes = 0
    for (const tree of this.trees.values()) tree.release()
    // The session remembers the transaction for a long time, and not what was in it.
    this.trees.clear()
    this.views.clear()
    this.snapshot.close()
    this.end()
  }
}
