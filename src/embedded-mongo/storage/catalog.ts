import { randomUUID } from 'node:crypto'
import { Binary } from 'bson'
import type { Doc } from '../bson/doc'
import { readDoc, writeDoc } from '../bson/doc'
import { toNumber } from '../bson/exact'
import type { Numeric } from '../bson/types'
import { Collection } from './collection'
import type { CollectionIdentity } from './collection'
import type { Environment } from './environment'
import { definitionFromDoc, definitionToDoc } from './index-definition'
import type { IndexDefinition } from './index-definition'
import { SecondaryIndex } from './secondary-index'
import { WHOLE_TREE } from './tree'

/**
 * Which collections and indexes there are, and where. Held in memory and written through. What changes it must run
 * inside Environment.write.
 */
export class Catalog {
  /** Database → name → collection. */
  private databases = new Map<string, Map<string, Collection>>()
  private changes = 0

  private constructor(private readonly environment: Environment) {
    environment.onFailure(() => this.load())
  }

  /** Reads the catalog, and removes what a broken-off index build or drop has left. */
  static async open(environment: Environment): Promise<Catalog> {
    const catalog = new Catalog(environment)
    catalog.load()
    const used = new Set<number>()
    const unfinished: Collection[] = []
    for (const collection of catalog.all()) {
      const ready = collection.indexes.filter((index) => index.definition.ready)
      if (ready.length < collection.indexes.length) unfinished.push(collection)
      collection.indexes = ready
      for (const tree of collection.treeNumbers()) used.add(tree)
    }
    if (unfinished.length > 0) {
      // Without room for that it is found again at the next start.
      await environment.write(() => unfinished.forEach((each) => catalog.save(each))).catch(() => undefined)
    }
    await environment.claimTrees(used)
    return catalog
  }

  /** Reads the catalog: at start, and after a commit has failed. What is unchanged stays what cursors and builds hold. */
  private load(): void {
    const known = new Map([...this.all()].map((collection) => [identityOf(collection), collection]))
    this.databases = new Map()
    this.changes++
    for (const { value } of this.environment.catalog.range(WHOLE_TREE, 1)) {
      const stored = this.fromDoc(readDoc(value))
      const present = known.get(identityOf(stored))
      known.delete(identityOf(stored))
      if (present === undefined) stored.schemaVersion = this.changes
      else if (!this.toBytes(present).equals(value)) this.restore(present, stored)
      this.register(present ?? stored)
    }
    for (const collection of known.values()) collection.dropped = true
  }

  /** An index that is not complete is kept for whoever builds it; without such a one it is of no use. */
  private restore(present: Collection, stored: Collection): void {
    present.schemaVersion = this.changes
    present.truncatedIds = stored.truncatedIds
    present.changeOptions(stored.identity.options)
    present.indexes = stored.indexes.flatMap((index) => {
      const held = present.indexes.find(({ definition }) => definition.tree === index.definition.tree)
      held?.change(index.definition)
      return held !== undefined ? [held] : index.definition.ready ? [index] : []
    })
  }

  /** Counts what changes in it, for those who must know whether something has. */
  get version(): number {
    return this.changes
  }

  private *all(): Generator<Collection> {
    for (const collections of this.databases.values()) yield* collections.values()
  }

  collection(database: string, name: string): Collection | undefined {
    return this.databases.get(database)?.get(name)
  }

  databaseNames(): readonly string[] {
    return [...this.databases.keys()].sort()
  }

  collections(database: string): readonly Collection[] {
    return [...(this.databases.get(database)?.values() ?? [])].sort((a, b) => (a.namespace < b.namespace ? -1 : 1))
  }

  /** `tree` is an empty one, taken from the environment. */
  createCollection(database: string, name: string, options: Doc, tree: number): Collection {
    const collection = this.draft(database, name, options, tree)
    this.adopt(collection)
    return collection
  }

  /** A collection that nobody knows of before it is adopted. */
  draft(database: string, name: string, options: Doc, tree: number): Collection {
    const uuid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex')
    return this.make({ database, name, uuid, options, documentsTree: tree }, [], false)
  }

  adopt(collection: Collection): void {
    this.environment.catalog.insert(keyOf(collection), this.toBytes(collection))
    collection.createdVersion = this.changed(collection)
    this.register(collection)
  }

  private changed(collection: Collection): number {
    collection.schemaVersion = ++this.changes
    return this.changes
  }

  /** The same documents and indexes under another name. Cursors on the old one end. */
  rename(collection: Collection, database: string, name: string): void {
    const { identity, indexes, truncatedIds } = collection
    this.forget(collection)
    const definitions = indexes.map((index) => index.definition)
    this.adopt(this.make({ ...identity, database, name }, definitions, truncatedIds))
  }

  /** Transactions that have seen it as it was do not commit. */
  changeOptions(collection: Collection, options: Doc): void {
    collection.changeOptions(options)
    this.changed(collection)
    this.save(collection)
  }

  /** Returns the trees that were its own, now empty: they may be released once the change is committed. */
  drop(collection: Collection): number[] {
    this.forget(collection)
    collection.documents.clear()
    for (const index of collection.indexes) index.tree.clear()
    return collection.treeNumbers()
  }

  private forget(collection: Collection): void {
    collection.dropped = true
    this.changed(collection)
    this.environment.catalog.remove(keyOf(collection))
    const { database, name } = collection.identity
    const collections = this.databases.get(database)
    collections?.delete(name)
    if (collections?.size === 0) this.databases.delete(database)
  }

  addIndex(collection: Collection, definition: IndexDefinition): SecondaryIndex {
    const index = this.indexOf(definition)
    collection.indexes = [...collection.indexes, index]
    this.changed(collection)
    this.save(collection)
    return index
  }

  /** The index's entries are complete: plans may use it. */
  markReady(collection: Collection, index: SecondaryIndex): void {
    this.changeIndex(collection, index, { ready: true })
  }

  changeIndex(collection: Collection, index: SecondaryIndex, changes: Partial<IndexDefinition>): void {
    index.change(changes)
    this.changed(collection)
    this.save(collection)
  }

  /** Returns the tree, now empty, to be released once the change is committed. */
  dropIndex(collection: Collection, index: SecondaryIndex): number {
    collection.indexes = collection.indexes.filter((each) => each !== index)
    this.changed(collection)
    this.save(collection)
    index.tree.clear()
    return index.definition.tree
  }

  private save(collection: Collection): void {
    // A write may still hold a collection that another command has dropped in the meantime.
    if (!collection.dropped) this.environment.catalog.replace(keyOf(collection), this.toBytes(collection))
  }

  private register(collection: Collection): void {
    const { database, name } = collection.identity
    const collections = this.databases.get(database) ?? new Map<string, Collection>()
    collections.set(name, collection)
    this.databases.set(database, collections)
  }

  private make(identity: CollectionIdentity, indexes: readonly IndexDefinition[], truncatedIds: boolean): Collection {
    const documents = this.environment.tree(identity.documentsTree)
    const opened = indexes.map((definition) => this.indexOf(definition))
    return new Collection(identity, documents, opened, truncatedIds, (collection) => this.save(collection))
  }

  private indexOf(definition: IndexDefinition): SecondaryIndex {
    return new SecondaryIndex(definition, this.environment.tree(definition.tree))
  }

  private toBytes(collection: Collection): Buffer {
    const { uuid, ...identity } = collection.identity
    const indexes = collection.indexes.map((index) => definitionToDoc(index.definition))
    return Buffer.from(
      writeDoc({ ...identity, uuid: new Binary(uuid), indexes, truncatedIds: collection.truncatedIds }),
    )
  }

  private fromDoc(doc: Doc): Collection {
    const identity: CollectionIdentity = {
      database: doc['database'] as string,
      name: doc['name'] as string,
      uuid: Buffer.from((doc['uuid'] as Binary).buffer),
      options: doc['options'] as Doc,
      documentsTree: toNumber(doc['documentsTree'] as Numeric),
    }
    return this.make(identity, (doc['indexes'] as Doc[]).map(definitionFromDoc), doc['truncatedIds'] as boolean)
  }
}

/** All of a catalog entry but what changes in the life of a collection. */
function identityOf({ identity }: Collection): string {
  const { options: _changing, ...lasting } = identity
  return Buffer.from(writeDoc({ ...lasting, uuid: new Binary(identity.uuid) })).toString('latin1')
}

/** Behind a byte that keeps it within WHOLE_TREE. */
function keyOf(collection: Collection): Buffer {
  return Buffer.from(`n${collection.namespace}`)
}
