import { compileCollation } from '../bson/collation'
import { getField, isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { duplicateKey } from '../bson/errors'
import { compileFilter } from '../query/filter'
import type { Filter } from '../query/filter'
import { indexRows } from '../query/index-keys'
import { topLevel } from '../query/path'
import type { IndexInfo } from '../query/planner'
import { changesOfOne, NO_PATHS, sharedEnds } from './entry-changes'
import type { DocumentEntries, EntryChanges, Learned, Row } from './entry-changes'
import { EntrySet, IndexEntry } from './entry-set'
import { directions } from './index-definition'
import type { IndexDefinition } from './index-definition'
import { entryKey } from './keys'
import type { StoredKey } from './keys'
import { finish, gathered, inSteps } from './steps'
import type { Tree } from './tree'

/**
 * The entries of one index. Unique: key → the document's key. Else the document's key also ends the entry's key, so that
 * equal values stand side by side.
 */
export class SecondaryIndex {
  private known: IndexDefinition
  private planned: IndexInfo
  private readonly paths: readonly string[]
  private readonly descending: readonly boolean[]
  private readonly partial: Filter | undefined
  /** An entry may be another document's, have a string that the collation does not know, or take too long. */
  private readonly mayRefuse: boolean
  /** The top-level fields that decide on a document's entries. */
  readonly roots: readonly string[]

  constructor(
    definition: IndexDefinition,
    readonly tree: Tree,
  ) {
    this.known = definition
    this.planned = infoOf(definition)
    const key = directions(definition.key)
    this.paths = Object.keys(key)
    this.descending = Object.values(key).map((order) => order === -1)
    const { collation } = this.planned
    this.partial =
      definition.partialFilter === undefined ? undefined : compileFilter(definition.partialFilter, { collation })
    this.mayRefuse = definition.unique || collation !== undefined || this.partial?.isCostly === true
    this.roots = [...new Set([...this.paths.map(topLevel), ...filterRoots(definition.partialFilter)])]
  }

  get definition(): IndexDefinition {
    return this.known
  }

  /** What plans know of it. */
  get info(): IndexInfo {
    return this.planned
  }

  /** May a plan use it? */
  get usable(): boolean {
    return this.definition.ready && !this.definition.hidden
  }

  entriesOf(doc: Doc, documentKey: Buffer): DocumentEntries {
    const multikey = new Set<string>()
    const entries = [...this.walkEntries(doc, documentKey, multikey)]
    const truncated = entries.some((entry) => entry.truncated)
    return { entries, multikey: multikey.size === 0 ? NO_PATHS : [...multikey], truncated }
  }

  /** So many that nobody should wait for all of them, where it is known beforehand that none will be refused. */
  hasMany(doc: Doc): boolean {
    if (this.mayRefuse || !this.roots.some((root) => mayHoldArrays(getField(doc, root)))) return false
    const rows = this.rowsOf(doc, new Set())[Symbol.iterator]()
    let count = 0
    // Where several fields are indexed arrays that come late may be refused.
    while ((count <= MANY || this.paths.length > 1) && rows.next().done !== true) count++
    return count > MANY
  }

  /** The same, one by one where they are many; `multikey` is complete at their end. */
  walkEntries(doc: Doc, documentKey: Buffer, multikey: Set<string>): Iterable<IndexEntry> {
    const rows = this.rowsOf(doc, multikey)
    const entryOf = this.entryMaker(documentKey)
    return Array.isArray(rows) ? rows.map(entryOf) : this.distinct(rows, entryOf)
  }

  /** What a change of a document makes of its entries. */
  changesOf(before: Doc, after: Doc, documentKey: Buffer): EntryChanges {
    const multikey = new Set<string>()
    const [had, has] = [this.rowsOf(before, new Set()), this.rowsOf(after, multikey)]
    if (isShort(had) && isShort(has)) {
      const entryOf = this.entryMaker(documentKey)
      return changesOfOne(had.map(entryOf), has.map(entryOf), multikey)
    }
    return finish(this.compare(had, has, documentKey, multikey))
  }

  /** Elements at the ends of a long array that the change has left alone, the same objects, are not encoded. */
  private *compare(
    before: Iterable<Row>,
    after: Iterable<Row>,
    documentKey: Buffer,
    multikey: ReadonlySet<string>,
  ): Generator<void, EntryChanges> {
    const [had, has] = [yield* gathered(before), yield* gathered(after)]
    const entryOf = this.entryMaker(documentKey)
    const { start, end } = sharedEnds(had, has)
    const old = yield* gathered(this.distinct(had.slice(start, had.length - end), entryOf))
    const entries = yield* gathered(this.distinct(has.slice(start, has.length - end), entryOf))
    const [gone, come] = [this.entrySet(), this.entrySet()]
    yield* inSteps(old, (entry) => gone.add(entry))
    yield* inSteps(entries, (entry) => gone.delete(entry) || come.add(entry))
    for (const kept of [had.slice(0, start), had.slice(had.length - end)]) {
      yield* inSteps(kept, (values) => {
        const entry = entryOf(values)
        gone.delete(entry)
        come.delete(entry)
      })
    }
    const added = yield* gathered(entries, (entry) => come.delete(entry))
    const removed = yield* gathered(old, (entry) => gone.delete(entry))
    let truncated = false
    yield* inSteps(entries, (entry) => (truncated ||= entry.truncated))
    return { entries, added, removed, multikey: [...multikey], truncated }
  }

  /** Puts the entries of a document into the tree, in steps. */
  *addMany(doc: Doc, documentKey: Buffer): Generator<void, Learned> {
    const multikey = new Set<string>()
    let truncated = false
    yield* inSteps(this.walkEntries(doc, documentKey, multikey), (entry) => {
      this.tree.insert(entry.key, documentKey)
      truncated ||= entry.truncated
    })
    return { multikey: [...multikey], truncated }
  }

  /** Takes them out of it. */
  removeMany(doc: Doc, documentKey: Buffer): Generator<void, void> {
    return inSteps(this.walkEntries(doc, documentKey, new Set()), ({ key }) => this.tree.remove(key))
  }

  /** What a change of a document makes of its entries, in the tree: as addMany. */
  *changeMany(before: Doc, after: Doc, documentKey: Buffer): Generator<void, Learned> {
    const multikey = new Set<string>()
    const [had, has] = [this.rowsOf(before, new Set()), this.rowsOf(after, multikey)]
    const changes = yield* this.compare(had, has, documentKey, multikey)
    yield* inSteps(changes.removed, ({ key }) => this.tree.remove(key))
    yield* inSteps(changes.added, ({ key }) => this.tree.insert(key, documentKey))
    return changes
  }

  private rowsOf(doc: Doc, multikey: Set<string>): Iterable<Row> {
    if (this.partial !== undefined && !this.partial.matches(doc)) return []
    return indexRows(doc, this.paths, this.definition, multikey)
  }

  private entryMaker(documentKey: Buffer): (values: Row) => IndexEntry {
    const { collation } = this.info
    const suffix = this.definition.unique ? undefined : documentKey
    const store = (values: Row): StoredKey => {
      const keyed = collation === undefined ? values : values.map((value) => collation.indexKeyOf(value))
      return entryKey(keyed, this.descending, suffix)
    }
    return (values) => new IndexEntry(values, store)
  }

  private *distinct(rows: Iterable<Row>, entryOf: (values: Row) => IndexEntry): Generator<IndexEntry> {
    const seen = this.entrySet()
    for (const values of rows) {
      const entry = entryOf(values)
      if (seen.add(entry)) yield entry
    }
  }

  private entrySet(): EntrySet {
    return new EntrySet(this.paths.length === 1 && this.info.collation === undefined)
  }

  /** True when a change left every field alone that the index looks at: then its entries are what they were. */
  isUntouched(before: Doc, after: Doc): boolean {
    return this.roots.every((root) => getField(before, root) === getField(after, root))
  }

  /** Remembers what plans must know of new entries. True when it was not known, and the catalog must be written. */
  learn(found: Learned): boolean {
    if (found.multikey.length === 0 && !found.truncated) return false
    const multikey = [...new Set([...this.known.multikey, ...found.multikey])]
    const truncatedKeys = this.known.truncatedKeys || found.truncated
    if (multikey.length === this.known.multikey.length && truncatedKeys === this.known.truncatedKeys) return false
    this.change({ multikey, truncatedKeys })
    return true
  }

  change(changes: Partial<IndexDefinition>): void {
    this.known = { ...this.known, ...changes }
    this.planned = infoOf(this.known)
  }

  /** Throws E11000 when one of the entries belongs to another document. */
  checkUnique(namespace: string, entries: readonly IndexEntry[], documentKey: Buffer): void {
    if (!this.definition.unique) return
    for (const { key, values } of entries) {
      this.tree.claim(key)
      const holder = this.tree.get(key)
      if (holder !== undefined && !holder.equals(documentKey)) {
        const shown = this.paths.map((path, i) => [path, values[i] === undefined ? null : values[i]] as const)
        throw duplicateKey(namespace, this.definition.name, this.definition.key, Object.fromEntries(shown))
      }
    }
  }
}

function isShort(rows: Iterable<Row>): rows is readonly Row[] {
  return Array.isArray(rows) && rows.length <= 1
}

/** More entries of one document than this are written in steps. */
const MANY = 1_000

function mayHoldArrays(value: unknown): boolean {
  return Array.isArray(value) || isDoc(value)
}

/** The top-level fields that a filter names, within $and and $or too. */
function filterRoots(filter: Doc | undefined): readonly string[] {
  return Object.entries(filter ?? {}).flatMap(([name, operand]) =>
    name.startsWith('$') && Array.isArray(operand) ? operand.flatMap(filterRoots) : [topLevel(name)],
  )
}

function infoOf(definition: IndexDefinition): IndexInfo {
  const { name, unique, sparse, partialFilter, multikey, truncatedKeys } = definition
  const collation = compileCollation(definition.collation)
  return { name, key: directions(definition.key), unique, sparse, partialFilter, collation, multikey, truncatedKeys }
}
