import { PAUSE } from './pause'
import type { IsOver, Pause } from './pause'

/** Sorted at a time: a millisecond or two. */
const RUN_ITEMS = 512
/** Merged between two looks at the clock. */
const ITEMS_PER_LOOK = 128

/**
 * A stable merge sort that can stop in the middle: yields PAUSE whenever `isOver` says so, and returns the items in order.
 */
export function* sortInSlices<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  isOver: IsOver,
): Generator<Pause, T[]> {
  let runs: T[][] = []
  for (let at = 0; at < items.length; at += RUN_ITEMS) {
    runs.push(items.slice(at, at + RUN_ITEMS).sort(compare))
    if (isOver()) yield PAUSE
  }
  while (runs.length > 1) {
    const longer: T[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      const [left = [], right] = [runs[i], runs[i + 1]]
      longer.push(right === undefined ? left : yield* merge(left, right, compare, isOver))
    }
    runs = longer
  }
  return runs[0] ?? []
}

function* merge<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
  isOver: IsOver,
): Generator<Pause, T[]> {
  const merged: T[] = []
  let [l, r] = [0, 0]
  while (l < left.length || r < right.length) {
    const takeLeft = r === right.length || (l < left.length && compare(left[l] as T, right[r] as T) <= 0)
    merged.push((takeLeft ? left[l++] : right[r++]) as T)
    if (merged.length % ITEMS_PER_LOOK === 0 && isOver()) yield PAUSE
  }
  return merged
}
