import type { Doc } from '../bson/doc'
import { collectionDropped, duplicateKey } from '../bson/errors'
import type { IndexInfo } from '../query/planner'
import { validationOf } from '../query/validation'
import type { Validation } from '../query/validation'
import type { DocumentEntries, EntryChanges, Learned } from './entry-changes'
import { idKey } from './keys'
import type { SecondaryIndex } from './secondary-index'
import type { Tree } from './tree'

const ID_INDEX_NAME = '_id_'
const ID_INDEX: IndexInfo = {
  name: ID_INDEX_NAME,
  key: { _id: 1 },
  unique: true,
  sparse: false,
  multikey: [],
  truncatedKeys: false,
}
const TRUNCATED_ID_INDEX: IndexInfo = { ...ID_INDEX, truncatedKeys: true }

export interface CollectionIdentity {
  readonly database: string
  readonly name: string
  /** 16 bytes. */
  readonly uuid: Buffer
  /** What `create` was given and listCollections shows. */
  readonly options: Doc
  readonly documentsTree: number
}

/**
 * The documents of one collection, by the key of their _id, with the entries that they have in every index. Writes run
 * inside Environment.write; each checks everything that can fail before it changes anything.
 */
export class Collection {
  readonly namespace: string
  /** Nothing may be read from it any more: its trees may have been given to another. */
  dropped = false
  /** The catalog's version when it was made, and when its set of indexes or its rules changed last. */
  createdVersion = 0
  schemaVersion = 0
  /** undefined: its documents may be anything. Writes ask for it before they come here. */
  validation: Validation | undefined
  private known: { readonly of: readonly SecondaryIndex[]; readonly fields: ReadonlySet<string> } | undefined

  constructor(
    public identity: CollectionIdentity,
    readonly documents: Tree,
    public indexes: readonly SecondaryIndex[],
    public truncatedIds: boolean,
    /** Writes the collection's catalog entry anew: what plans must know about its keys has changed. */
    private readonly save: (collection: Collection) => void,
  ) {
    this.namespace = `${identity.database}.${identity.name}`
    this.validation = validationOf(identity.options)
  }

  changeOptions(options: Doc): void {
    this.identity = { ...this.identity, options }
    this.validation = validationOf(options)
  }

  /** The indexes that a plan may use, the one on _id first. */
  usableIndexes(): readonly IndexInfo[] {
    const infos = [this.idIndex()]
    for (const index of this.indexes) if (index.usable) infos.push(index.info)
    return infos
  }

  idIndex(): IndexInfo {
    return this.truncatedIds ? TRUNCATED_ID_INDEX : ID_INDEX
  }

  index(name: string): SecondaryIndex | undefined {
    return this.indexes.find((index) => index.definition.name === name)
  }

  /** The fields of a document that decide on its entries in all indexes, that on _id included. */
  get keyFields(): ReadonlySet<string> {
    if (this.known?.of !== this.indexes) this.known = { of: this.indexes, fields: keyFieldsOf(this.indexes) }
    return this.known.fields
  }

  private checkAlive(): void {
    if (this.dropped) throw collectionDropped(this.namespace)
  }

  /** The trees of its documents and of its indexes. */
  treeNumbers(): number[] {
    return [this.identity.documentsTree, ...this.indexes.map((index) => index.definition.tree)]
  }

  keyOf(id: unknown): Buffer {
    return idKey(id).key
  }

  get(documentKey: Buffer): Buffer | undefined {
    return this.documents.get(documentKey)
  }

  /** Throws E11000 or 171; then nothing has changed. Of `doc` the `keyFields` count. */
  insert(raw: Buffer, doc: Doc): void {
    this.checkAlive()
    const { key, truncated } = idKey(doc['_id'])
    this.documents.claim(key)
    if (this.documents.has(key)) throw duplicateKey(this.namespace, ID_INDEX_NAME, { _id: 1 }, { _id: doc['_id'] })
    const { few, many } = apart(this.indexes, (index) => index.hasMany(doc))
    const found = few.map((index) => index.entriesOf(doc, key))
    this.checkUnique(few, found, key)
    if (truncated && !this.truncatedIds) {
      this.truncatedIds = true
      this.save(this)
    }
    this.documents.insert(key, raw)
    few.forEach((index, i) => {
      const entries = found[i] as DocumentEntries
      if (index.learn(entries)) this.save(this)
      for (const entry of entries.entries) index.tree.insert(entry.key, key)
    })
    for (const index of many) index.tree.owe(this.learning(index, index.addMany(doc, key)))
  }

  private *learning(index: SecondaryIndex, work: Generator<void, Learned>): Generator<void> {
    if (index.learn(yield* work)) this.save(this)
  }

  /** Some of what the last change has made of the indexes is written in steps that follow. */
  get isOwing(): boolean {
    return this.indexes.some(({ tree }) => tree.isOwing)
  }

  /** The new document has the _id of the old one. Throws as insert does. */
  replace(documentKey: Buffer, before: Doc, raw: Buffer, after: Doc): void {
    this.checkAlive()
    this.documents.claim(documentKey)
    const changed = this.indexes.filter((index) => !index.isUntouched(before, after))
    // What comes is looked at in any case: it may be refused.
    const { few, many } = apart(changed, (index) => index.hasMany(after) || index.hasMany(before))
    const found = few.map((index) => index.changesOf(before, after, documentKey))
    this.checkUnique(few, found, documentKey)
    few.forEach(({ tree }, i) => {
      const { added, removed } = found[i] as EntryChanges
      for (const entry of added) tree.insert(entry.key, documentKey)
      for (const entry of removed) tree.remove(entry.key)
    })
    const learned = few.filter((index, i) => index.learn(found[i] as EntryChanges))
    if (learned.length > 0) this.save(this)
    this.documents.replace(documentKey, raw)
    for (const index of many) index.tree.owe(this.learning(index, index.changeMany(before, after, documentKey)))
  }

  remove(documentKey: Buffer, doc: Doc): void {
    this.checkAlive()
    this.documents.claim(documentKey)
    for (const index of this.indexes) {
      if (index.hasMany(doc)) index.tree.owe(index.removeMany(doc, documentKey))
      else for (const entry of index.entriesOf(doc, documentKey).entries) index.tree.remove(entry.key)
    }
    this.documents.remove(documentKey)
  }

  /** Inside Environment.write: what a transaction's view of this collection has learned of its keys. */
  absorb(view: Collection): void {
    let learned = view.truncatedIds && !this.truncatedIds
    this.truncatedIds ||= view.truncatedIds
    for (const { definition } of view.indexes) {
      const found = { multikey: definition.multikey, truncated: definition.truncatedKeys }
      learned = this.index(definition.name)?.learn(found) === true || learned
    }
    if (learned) this.save(this)
  }

  /**
   * Adds a document that is already stored, of which `doc` has what the index looks at, to one that is being built: in
   * steps, an entry in each. Throws E11000 or 171.
   */
  *addToIndex(index: SecondaryIndex, documentKey: Buffer, doc: Doc): Generator<void> {
    const multikey = new Set<string>()
    let truncated = false
    for (const entry of index.walkEntries(doc, documentKey, multikey)) {
      index.checkUnique(this.namespace, [entry], documentKey)
      // A write that came before the builder has put it there already.
      if (!index.tree.has(entry.key)) index.tree.insert(entry.key, documentKey)
      truncated ||= entry.truncated
      yield
    }
    if (index.learn({ multikey: [...multikey], truncated })) this.save(this)
  }

  private checkUnique(
    indexes: readonly SecondaryIndex[],
    found: readonly DocumentEntries[],
    documentKey: Buffer,
  ): void {
    indexes.forEach((index, i) => {
      index.checkUnique(this.namespace, (found[i] as DocumentEntries).entries, documentKey)
    })
  }
}

interface Apart {
  readonly few: readonly SecondaryIndex[]
  readonly many: readonly SecondaryIndex[]
}

function apart(indexes: readonly SecondaryIndex[], hasMany: (index: SecondaryIndex) => boolean): Apart {
  const many = indexes.filter(hasMany)
  return { many, few: many.length === 0 ? indexes : indexes.filter((index) => !many.includes(index)) }
}

function keyFieldsOf(indexes: readonly SecondaryIndex[]): ReadonlySet<string> {
  return new Set(['_id', ...indexes.flatMap(({ roots }) => roots)])
}
