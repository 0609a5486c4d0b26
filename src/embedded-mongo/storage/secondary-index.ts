import { compileCollation } from '../bson/collation'
import { getField } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { duplicateKey } from '../bson/errors'
import { encodeKey } from '../bson/key-encoding'
import { compileFilter } from '../query/filter'
import type { Filter } from '../query/filter'
import { indexKeys } from '../query/index-keys'
import { topLevel } from '../query/path'
import type { IndexInfo } from '../query/planner'
import { directions } from './index-definition'
import type { IndexDefinition } from './index-definition'
import { valuesKey } from './keys'
import type { Tree } from './tree'

/** What a document puts into an index. */
export interface DocumentEntries {
  readonly entries: readonly IndexEntry[]
  readonly multikey: readonly string[]
  readonly truncated: boolean
}

export interface IndexEntry {
  readonly key: Buffer
  readonly values: readonly unknown[]
}

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
    if (this.partial !== undefined && !this.partial.matches(doc)) return NO_ENTRIES
    const { keys, multikey } = indexKeys(doc, this.info.key, { sparse: this.definition.sparse })
    let truncated = false
    const { collation } = this.info
    const seen = keys.length > 1 ? new Set<string>() : undefined
    const entries: IndexEntry[] = []
    for (const values of keys) {
      const keyed = collation === undefined ? values : values.map((value) => collation.indexKeyOf(value))
      const stored = valuesKey(encodeKey(keyed, this.descending))
      truncated ||= stored.truncated
      if (seen !== undefined && isKnown(seen, stored.key)) continue
      entries.push({ key: this.definition.unique ? stored.key : joined(stored.key, documentKey), values })
    }
    return { entries, multikey, truncated }
  }

  /** True when a change left every field alone that the index looks at: then its entries are what they were. */
  isUntouched(before: Doc, after: Doc): boolean {
    return this.roots.every((root) => getField(before, root) === getField(after, root))
  }

  /** Remembers what plans must know of new entries. True when it was not known, and the catalog must be written. */
  learn(found: DocumentEntries): boolean {
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

/** As Buffer.concat does, which takes longer for so little. */
function joined(key: Buffer, documentKey: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(key.length + documentKey.length)
  whole.set(key)
  whole.set(documentKey, key.length)
  return whole
}

function isKnown(seen: Set<string>, key: Buffer): boolean {
  const size = seen.size
  return seen.add(key.toString('latin1')).size === size
}

/** The top-level fields that a filter names, within $and and $or too. */
function filterRoots(filter: Doc | undefined): readonly string[] {
  return Object.entries(filter ?? {}).flatMap(([name, operand]) =>
    name.startsWith('$') && Array.isArray(operand) ? operand.flatMap(filterRoots) : [topLevel(name)],
  )
}

const NO_ENTRIES: DocumentEntries = { entries: [], multikey: [], truncated: false }

function infoOf(definition: IndexDefinition): IndexInfo {
  const { name, unique, sparse, partialFilter, multikey, truncatedKeys } = definition
  const collation = compileCollation(definition.collation)
  return { name, key: directions(definition.key), unique, sparse, partialFilter, collation, multikey, truncatedKeys }
}
