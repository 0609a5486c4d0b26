import { hold } from '../bson/exact'
import { isNumeric, RANK, rankOf, textOf } from '../bson/types'
import type { StoredKey } from './keys'

/** An entry of a document, whose key is made when somebody asks for it. */
export class IndexEntry {
  private stored: StoredKey | undefined

  constructor(
    readonly values: readonly unknown[],
    private readonly store: (values: readonly unknown[]) => StoredKey,
  ) {}

  get key(): Buffer {
    return (this.stored ??= this.store(this.values)).key
  }

  /** The key stands for values that are longer. */
  get truncated(): boolean {
    return (this.stored ??= this.store(this.values)).truncated
  }
}

/**
 * Entries of one document in one index. They are told apart by the values that they stand for where that is possible: an
 * array may have a hundred thousand, and a string of each key's bytes costs more than all else.
 */
export class EntrySet {
  private readonly items = new Set<number | string>()

  /** `byValue`: an entry has one value, and equal values have equal keys. */
  constructor(private readonly byValue: boolean) {}

  /** False when it was there. */
  add(entry: IndexEntry): boolean {
    const before = this.items.size
    return this.items.add(this.itemOf(entry)).size > before
  }

  /** False when it was not there. */
  delete(entry: IndexEntry): boolean {
    return this.items.delete(this.itemOf(entry))
  }

  private itemOf(entry: IndexEntry): number | string {
    if (!this.byValue) return entry.key.toString('latin1')
    const [value] = entry.values
    if (rankOf(value) === RANK.string) return textOf(value).replace(LONE_SURROGATES, '\ufffd')
    const number = isNumeric(value) ? hold(value) : undefined
    return typeof number === 'number' ? number : NO_TEXT + entry.key.toString('latin1')
  }
}

/** Half a character, which a pipeline may leave of one: in keys, which are UTF-8, each is like the other. */
const LONE_SURROGATES = /\p{Surrogate}/gu
/** So no text begins with one. */
const NO_TEXT = '\ud800'
