/*
 * Work that is done in steps, so that it can be left and gone on with. None of its steps is long.
 */

/** Items of one step. */
const STEP_ITEMS = 64
/** How long such work may keep the thread before others have their turn. */
const TURN_MS = 5

export function* inSteps<T>(items: Iterable<T>, work: (item: T) => unknown): Generator<void, void> {
  let left = STEP_ITEMS
  for (const item of items) {
    work(item)
    if (--left > 0) continue
    left = STEP_ITEMS
    yield
  }
}

/** Those that are wanted, in an array. */
export function* gathered<T>(items: Iterable<T>, isWanted?: (item: T) => boolean): Generator<void, T[]> {
  const all: T[] = []
  yield* inSteps(items, (item) => {
    if (isWanted?.(item) !== false) all.push(item)
  })
  return all
}

/** Goes on for a turn. True when the work is done. */
export function goOn(work: Iterator<void>): boolean {
  const end = performance.now() + TURN_MS
  do if (work.next().done === true) return true
  while (performance.now() < end)
  return false
}

/** Does all of it. */
export function finish<T>(work: Iterator<void, T>): T {
  let next = work.next()
  while (next.done !== true) next = work.next()
  return next.value
}
