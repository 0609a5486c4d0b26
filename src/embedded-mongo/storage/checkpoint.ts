import type { RootDatabase } from 'lmdb'
import type { ChangedTree, Memtable, Slot } from './memtable'

/** How long a piece of it may keep the thread. */
const SLICE_MS = 2
/** Entries between two looks at the clock. */
const ENTRIES_PER_LOOK = 32

/** What is noted inside its transactions. */
export interface CheckpointNotes {
  /** At the end of each but the last. */
  readonly interrupt: () => void
  /** At the end of the last one. */
  readonly finish: () => void
}

/**
 * Brings what a memtable has into lmdb, in several transactions that leave the thread to others in between. Until the
 * last of them the log has all of it. Rejects with what lmdb says; it can be done again.
 */
export async function checkpoint(
  root: RootDatabase<Buffer, Buffer>,
  memtable: Memtable,
  { interrupt, finish }: CheckpointNotes,
): Promise<void> {
  const entries = entriesOf(memtable)
  const piece = () => {
    const isLast = storeSome(entries)
    if (isLast) finish()
    else interrupt()
    return isLast
  }
  while (!(await commit(root, piece)));
}

function* entriesOf(memtable: Memtable): Generator<readonly [ChangedTree, string, Slot]> {
  for (const [tree, changes] of memtable.trees) for (const [key, slot] of changes.all()) yield [tree, key, slot]
}

/** True when there are no more. */
function storeSome(entries: Iterator<readonly [ChangedTree, string, Slot]>): boolean {
  const end = performance.now() + SLICE_MS
  do {
    for (let i = 0; i < ENTRIES_PER_LOOK; i++) {
      const next = entries.next()
      if (next.done === true) return true
      const [tree, key, { newest }] = next.value
      if (newest !== undefined) tree.store(Buffer.from(key, 'latin1'), newest.value)
    }
  } while (performance.now() < end)
  return false
}

/** Runs `work` in a transaction of lmdb's. Resolves when it is on disk; rejects with the cause when it cannot be. */
export async function commit<T>(root: RootDatabase<Buffer, Buffer>, work: () => T): Promise<T> {
  try {
    return await root.transaction(work)
  } catch (error) {
    // lmdb rejects a second promise, with the cause; unhandled it would end the process.
    throw await Promise.resolve((error as { commitError?: unknown }).commitError).then(
      () => error,
      (cause: unknown) => cause,
    )
  }
}
