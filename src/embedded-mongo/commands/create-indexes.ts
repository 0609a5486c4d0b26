import { cannotCreateIndex, notInTransaction } from '../bson/errors'
import type { Engine } from '../engine'
import { DocReader } from '../execution/doc-reader'
import { writeInSlices } from '../execution/write-in-slices'
import type { Slice, TimeLimit } from '../execution/slice'
import type { Catalog } from '../storage/catalog'
import type { Collection } from '../storage/collection'
import { EMPTY_INDEX } from '../storage/index-definition'
import type { IndexDefinition } from '../storage/index-definition'
import type { SecondaryIndex } from '../storage/secondary-index'
import type { Transaction } from '../storage/transaction'
import { WHOLE_TREE } from '../storage/tree'
import type { Command } from './command'
import { isPresent, parseIndexSpec } from './index-spec'
import type { IndexSpec } from './index-spec'

/** MongoDB's bound, the index on _id included. */
const INDEXES_MAX = 64

export const createIndexes: Command = {
  name: 'createIndexes',
  summary:
    'single, compound, multikey; `unique`, `sparse`, `partialFilterExpression`, `expireAfterSeconds`, `hidden`, `collation`',
  fields: ['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions'],
  inTransaction: 'allowed',
  run: async (args, { engine, store }) => {
    const { database, collection: name } = args
    const specs = args.requiredDocuments('indexes').map(parseIndexSpec)
    if (specs.length === 0) throw cannotCreateIndex('Must specify at least one index to create')
    const create = async (add: AddIndexes) => {
      const createdCollectionAutomatically = store.collection(database, name) === undefined
      const collection = await store.ensureCollection(database, name)
      const numIndexesBefore = collection.indexes.length + 1
      const missing = missingOf(collection, specs)
      if (missing.length > 0) await add(collection, missing)
      return {
        numIndexesBefore,
        numIndexesAfter: collection.indexes.length + 1,
        createdCollectionAutomatically,
        ...(missing.length === 0 ? { note: 'all indexes already exist' } : {}),
      }
    }
    const { transaction } = store
    if (transaction !== undefined) return create((collection, missing) => addDrafts(transaction, collection, missing))
    return oneAtATime(engine, `${database}.${name}`, () =>
      create((collection, missing) => build(engine, collection, missing, args.timeLimit())),
    )
  },
}

type AddIndexes = (collection: Collection, specs: readonly IndexSpec[]) => Promise<void>

/** In a transaction: indexes of what it has made itself, as long as that has no documents. As MongoDB. */
async function addDrafts(transaction: Transaction, collection: Collection, specs: readonly IndexSpec[]): Promise<void> {
  const refused = transaction.isDraft(collection) ? (collection.documents.count > 0 ? 'non-empty' : '') : 'existing'
  if (refused !== '') {
    throw notInTransaction(
      `Cannot create new indexes on ${refused} collection ${collection.namespace} in a multi-document transaction.`,
    )
  }
  await transaction.addIndexes(
    collection,
    specs.map((spec) => ({ ...spec, ...EMPTY_INDEX })),
  )
}

/** Builds and drops of one collection's indexes follow one another: who asks for what is being built waits for it. */
export async function oneAtATime<T>(engine: Engine, namespace: string, work: () => Promise<T>): Promise<T> {
  const before = engine.schemaChanges.get(namespace) ?? Promise.resolve()
  const result = before.then(work, work)
  const settled = result.catch(() => undefined)
  engine.schemaChanges.set(namespace, settled)
  try {
    return await result
  } finally {
    if (engine.schemaChanges.get(namespace) === settled) engine.schemaChanges.delete(namespace)
  }
}

function missingOf(collection: Collection, specs: readonly IndexSpec[]): readonly IndexSpec[] {
  const known: (IndexDefinition | IndexSpec)[] = collection.indexes.map((index) => index.definition)
  const missing: IndexSpec[] = []
  for (const spec of specs) {
    const paths = Object.keys(spec.key)
    if (paths.length === 1 && paths[0] === '_id') continue
    if (isPresent(known as IndexDefinition[], spec)) continue
    known.push(spec)
    missing.push(spec)
  }
  if (collection.indexes.length + 1 + missing.length > INDEXES_MAX) {
    throw cannotCreateIndex(`add index fails, too many indexes for ${collection.namespace}`)
  }
  return missing
}

/**
 * Adds the indexes and fills them in slices. Writes that come meanwhile keep them up to date; plans use them when they
 * are complete. After a failure none of them is left.
 */
async function build(
  engine: Engine,
  collection: Collection,
  specs: readonly IndexSpec[],
  limit: TimeLimit,
): Promise<void> {
  const { catalog, environment } = engine
  const trees = await environment.takeTrees(specs.length)
  let indexes: readonly SecondaryIndex[] = []
  try {
    indexes = await environment.write(() => addIndexes(catalog, collection, specs, trees))
    const fill = new IndexFill(collection, indexes)
    if (indexes.some((index) => !index.definition.ready)) {
      await writeInSlices(environment, limit, (slice) => fill.step(slice))
      await environment.write(() => indexes.forEach((index) => catalog.markReady(collection, index)))
    }
  } catch (error) {
    // With its collection an index is dropped already, and its tree given back.
    if (!collection.dropped || indexes.length === 0) {
      await removeUnfinished(engine, collection, indexes)
      environment.releaseTrees(trees)
    }
    throw error
  }
}

async function removeUnfinished(
  { catalog, environment }: Engine,
  collection: Collection,
  indexes: readonly SecondaryIndex[],
): Promise<void> {
  if (indexes.length === 0) return
  try {
    await environment.writeDirectly(() => indexes.forEach((index) => catalog.dropIndex(collection, index)))
  } catch {
    // Without room for that they stay in the catalog on disk, unfinished, until it is next written.
  }
}

function addIndexes(
  catalog: Catalog,
  collection: Collection,
  specs: readonly IndexSpec[],
  trees: readonly number[],
): readonly SecondaryIndex[] {
  checkAlive(collection)
  // Without documents there is nothing to build.
  const ready = collection.documents.count === 0
  return specs.map((spec, i) => {
    const tree = trees[i] as number
    return catalog.addIndex(collection, { ...spec, ...EMPTY_INDEX, tree, ready })
  })
}

function checkAlive(collection: Collection): void {
  if (collection.dropped) throw cannotCreateIndex(`collection dropped: ${collection.namespace}`)
}

/** A document that changes so often between slices is added in one. */
const CHANGES_MAX = 3

/** A document of which some entries are in their indexes already. */
interface Adding {
  readonly key: Buffer
  readonly raw: Buffer
  readonly entries: Iterator<void>
}

class IndexFill {
  private after: Buffer | undefined
  private adding: Adding | undefined
  private changes = 0
  private readonly reader: DocReader

  constructor(
    private readonly collection: Collection,
    private readonly indexes: readonly SecondaryIndex[],
  ) {
    this.reader = DocReader.of(new Set(indexes.flatMap(({ roots }) => roots)))
  }

  step(slice: Slice): boolean {
    checkAlive(this.collection)
    this.forgetChanged()
    if (this.adding !== undefined && !this.add(this.adding, slice)) return false
    for (const { key, value } of this.collection.documents.range(WHOLE_TREE, 1, this.after)) {
      if (!this.add({ key, raw: value, entries: this.entriesOf(key, value) }, slice)) return false
    }
    return true
  }

  /** A write has exchanged the entries that the document had, but put none there that it kept: all are looked at again. */
  private forgetChanged(): void {
    if (this.adding === undefined) return
    const { key, raw } = this.adding
    if (this.collection.get(key)?.equals(raw) === true) return
    this.adding = undefined
    this.changes++
  }

  /** False when the slice is over. */
  private add(document: Adding, slice: Slice): boolean {
    // What throws is begun anew.
    this.adding = undefined
    while (document.entries.next().done !== true) {
      if (this.changes < CHANGES_MAX && slice.isOver()) {
        this.adding = document
        return false
      }
    }
    this.after = document.key
    this.changes = 0
    return !slice.isOver()
  }

  private *entriesOf(key: Buffer, raw: Buffer): Generator<void> {
    const doc = this.reader.read(raw)
    for (const index of this.indexes) yield* this.collection.addToIndex(index, key, doc)
  }
}
