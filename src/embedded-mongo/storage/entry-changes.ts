import type { IndexEntry } from './entry-set'

/** The values of one entry, one for each field of the index. */
export type Row = readonly unknown[]

/** What plans must know of entries. */
export interface Learned {
  readonly multikey: readonly string[]
  readonly truncated: boolean
}

/** What a document puts into an index. */
export interface DocumentEntries extends Learned {
  readonly entries: readonly IndexEntry[]
}

/** `entries`: of the new document, of those that were looked at. Those that must come and go are among them or were. */
export interface EntryChanges extends DocumentEntries {
  readonly added: readonly IndexEntry[]
  readonly removed: readonly IndexEntry[]
}

export const NO_PATHS: readonly string[] = []

/** What most changes are: each of them has one entry, if any. */
export function changesOfOne(
  old: readonly IndexEntry[],
  entries: readonly IndexEntry[],
  multikey: ReadonlySet<string>,
): EntryChanges {
  const [before, after] = [old[0], entries[0]]
  const isSame = before !== undefined && after !== undefined && before.key.equals(after.key)
  return {
    entries,
    added: isSame ? [] : entries,
    removed: isSame ? [] : old,
    multikey: multikey.size === 0 ? NO_PATHS : [...multikey],
    truncated: after?.truncated === true,
  }
}

/** A shorter array is not worth the look. */
const LONG_ARRAY = 100

/** How many rows two lists have in common where they begin and end. */
export function sharedEnds(had: readonly Row[], has: readonly Row[]): { readonly start: number; readonly end: number } {
  const most = Math.min(had.length, has.length)
  if (most < LONG_ARRAY) return { start: 0, end: 0 }
  let start = 0
  while (start < most && isSame(had[start], has[start])) start++
  let end = 0
  while (end < most - start && isSame(had.at(-1 - end), has.at(-1 - end))) end++
  return { start, end }
}

function isSame(a: Row | undefined, b: Row | undefined): boolean {
  return a?.every((value, i) => value === b?.[i]) === true
}
