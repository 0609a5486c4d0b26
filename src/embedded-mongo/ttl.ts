import { readDoc } from './bson/doc'
import { encodeKey, prefixEnd } from './bson/key-encoding'
import type { Engine } from './engine'
import { TimeLimit } from './execution/slice'
import type { Slice } from './execution/slice'
import { writeInSlices } from './execution/write-in-slices'
import type { Collection } from './storage/collection'
import type { SecondaryIndex } from './storage/secondary-index'
import type { ByteRange } from './storage/tree'

export const TTL_INTERVAL_MS = 60_000
const EARLIEST = new Date(-8_640_000_000_000_000)
/** Expired documents that are found before they are removed. */
const CHUNK_DOCUMENTS = 64

export interface TtlSweeper {
  /** Stops; a sweep that is under way ends where it is, once the engine is ending. */
  stop(): Promise<void>
}

/** Removes documents whose time has come, every `intervalMs`. */
export function startTtlSweeper(engine: Engine, intervalMs: number, onFault: (error: unknown) => void): TtlSweeper {
  let sweep: Promise<void> | undefined
  const timer = setInterval(() => {
    sweep ??= sweepExpired(engine, new Date())
      .catch(onFault)
      .finally(() => (sweep = undefined))
  }, intervalMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await sweep
    },
  }
}

/** One sweep over all TTL indexes. */
export async function sweepExpired(engine: Engine, now: Date): Promise<void> {
  for (const database of engine.catalog.databaseNames()) {
    for (const collection of engine.catalog.collections(database)) {
      for (const index of collection.indexes) await sweepIndex(engine, collection, index, now)
    }
  }
}

async function sweepIndex(engine: Engine, collection: Collection, index: SecondaryIndex, now: Date): Promise<void> {
  const { expireAfterSeconds, ready } = index.definition
  if (expireAfterSeconds === undefined || !ready) return
  const range = expiredRange(index, new Date(now.getTime() - expireAfterSeconds * 1_000))
  // Nothing to do is the rule, and needs no transaction.
  if (index.tree.isEmpty(range)) return
  const { signal } = engine.ending
  await writeInSlices(
    engine.environment,
    new TimeLimit(undefined),
    (slice) => signal.aborted || removeSome(collection, index, range, slice),
  )
}

/** The entries from the earliest date to `until`: of all values, dates alone expire. */
function expiredRange(index: SecondaryIndex, until: Date): ByteRange {
  const descending = Object.values(index.info.key).map((order) => order === -1)
  const [first, last] = descending[0] === true ? [until, EARLIEST] : [EARLIEST, until]
  return { start: encodeKey([first], descending), end: prefixEnd(encodeKey([last], descending)) }
}

/** Inside Environment.write. True when none is left. */
function removeSome(collection: Collection, index: SecondaryIndex, range: ByteRange, slice: Slice): boolean {
  for (;;) {
    if (collection.dropped || !collection.indexes.includes(index)) return true
    const expired = new Map<string, Buffer>()
    for (const { value: documentKey } of index.tree.range(range, 1)) {
      expired.set(documentKey.toString('latin1'), documentKey)
      if (expired.size === CHUNK_DOCUMENTS) break
    }
    for (const documentKey of expired.values()) {
      const raw = collection.get(documentKey)
      if (raw !== undefined) collection.remove(documentKey, readDoc(raw))
      if (collection.isOwing) return false
    }
    if (expired.size < CHUNK_DOCUMENTS) return true
    if (slice.isOver()) return false
  }
}
