import type { Entry } from '../storage/tree'
import type { Tree } from '../storage/tree'
import type { ByteRange } from '../storage/tree'

/** A range of a merge, and how far it has been read. */
export interface MergedRange {
  readonly range: ByteRange
  /** The bytes before those that order. */
  readonly prefixBytes: number
  after: Buffer | undefined
}

interface Head {
  readonly from: MergedRange
  readonly rest: Iterator<Entry>
  entry: Entry
}

/**
 * The entries of several ranges in one order: that of the bytes behind each range's prefix. The caller notes in `after`
 * what it has taken; take entries in one go, as with Tree.range.
 */
export function* mergedEntries(
  tree: Tree,
  ranges: readonly MergedRange[],
  direction: 1 | -1,
): Generator<{ readonly entry: Entry; readonly from: MergedRange }> {
  const heads: Head[] = []
  try {
    for (const from of ranges) {
      const rest = tree.range(from.range, direction, from.after)[Symbol.iterator]()
      const next = rest.next()
      if (next.done !== true) heads.push({ from, rest, entry: next.value })
    }
    for (let head = first(heads, direction); head !== undefined; head = first(heads, direction)) {
      yield { entry: head.entry, from: head.from }
      const next = head.rest.next()
      if (next.done === true) heads.splice(heads.indexOf(head), 1)
      else head.entry = next.value
    }
  } finally {
    for (const { rest } of heads) rest.return?.()
  }
}

function first(heads: readonly Head[], direction: 1 | -1): Head | undefined {
  let best: Head | undefined
  for (const head of heads) if (best === undefined || compare(head, best) * direction < 0) best = head
  return best
}

function compare(a: Head, b: Head): number {
  return a.entry.key.compare(b.entry.key, b.from.prefixBytes, undefined, a.from.prefixBytes)
}
