import { randomBytes } from 'node:crypto'
import { Long } from 'bson'
import { CommandError, cursorNotFound } from './bson/errors'
import { type Batch } from './execution/batch'
import { continueInSlices, Slice } from './execution/slice'
import type { TimeLimit } from './execution/slice'
import { DroppedSource } from './execution/source'
import type { FillState, Source } from './execution/source'
import type { Transaction } from './storage/transaction'

/** Open cursors of all clients. Beyond it the one that has been idle longest is closed. */
export const CURSORS_MAX = 10_000
/** MongoDB's default of cursorTimeoutMillis. */
export const CURSOR_IDLE_MS = 10 * 60 * 1_000
const REAP_INTERVAL_MS = 4_000

export const NO_CURSOR = Long.ZERO

export interface Cursor {
  readonly id: Long
  readonly namespace: string
  /** The logical session that opened it. */
  readonly session: string | undefined
  /** The one that it was opened in, and ends with. */
  readonly transaction: Transaction | undefined
  source: Source
  inUse: boolean
  lastUsedMs: number
}

export type NewCursor = Pick<Cursor, 'namespace' | 'session' | 'transaction' | 'source'>

/** The cursors that clients have open. They belong to no connection, and outlive the one that they came through. */
export class Cursors {
  /** In the order of use: the one that has been idle longest first. */
  private readonly open = new Map<string, Cursor>()
  private readonly reaper: NodeJS.Timeout

  constructor(private readonly now: () => number = () => performance.now()) {
    this.reaper = setInterval(() => this.reap(), REAP_INTERVAL_MS)
    this.reaper.unref()
  }

  get count(): number {
    return this.open.size
  }

  add({ namespace, session, transaction, source }: NewCursor): Cursor {
    if (this.open.size >= CURSORS_MAX) this.closeIdlest(() => true)
    const cursor = { id: randomId(), namespace, session, transaction, source, inUse: false, lastUsedMs: this.now() }
    this.open.set(cursor.id.toString(), cursor)
    return cursor
  }

  /** Throws CursorNotFound (43), CursorInUse (12051), or that it belongs to another transaction or to none. */
  take(id: Long, namespace: string, transaction: Transaction | undefined): Cursor {
    const key = id.toString()
    const cursor = this.open.get(key)
    if (cursor === undefined) throw cursorNotFound(`cursor id ${key} not found`)
    if (cursor.namespace !== namespace) {
      const message = `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`
      throw new CommandError(13, 'Unauthorized', message)
    }
    if (cursor.transaction !== transaction) {
      const created =
        cursor.transaction === undefined ? 'was not created in a transaction' : 'was created in a transaction'
      throw new CommandError(50741, 'Location50741', `Cannot run getMore on cursor ${key}, which ${created}`)
    }
    if (cursor.inUse) throw new CommandError(12051, 'CursorInUse', `cursor id ${key} is already in use`)
    cursor.inUse = true
    return cursor
  }

  giveBack(cursor: Cursor): void {
    const key = cursor.id.toString()
    cursor.inUse = false
    cursor.lastUsedMs = this.now()
    // It may have been killed while it was in use.
    if (this.open.delete(key)) this.open.set(key, cursor)
    else cursor.source.close?.()
  }

  /** False when there is no such cursor. */
  kill(id: Long): boolean {
    const cursor = this.open.get(id.toString())
    if (cursor !== undefined) this.remove(cursor)
    return cursor !== undefined
  }

  killSession(session: string): void {
    for (const cursor of this.open.values()) if (cursor.session === session) this.remove(cursor)
  }

  killTransaction(transaction: Transaction): void {
    for (const cursor of this.open.values()) if (cursor.transaction === transaction) this.remove(cursor)
  }

  /**
   * These collections are no more: cursors of theirs keep nothing, and who asks for more hears so. One that is in use finds
   * out by itself, and a transaction's reads on in its snapshot.
   */
  endCollections(namespaces: ReadonlySet<string>): void {
    for (const cursor of this.open.values()) {
      if (cursor.inUse || cursor.transaction !== undefined || !namespaces.has(cursor.namespace)) continue
      cursor.source.close?.()
      cursor.source = new DroppedSource(cursor.namespace)
    }
  }

  /** Closes the one that has been idle longest of those that hold documents. False when there is none. */
  makeRoom(): boolean {
    return this.closeIdlest((cursor) => (cursor.source.heldBytes ?? 0) > 0)
  }

  close(): void {
    clearInterval(this.reaper)
    this.open.clear()
  }

  private closeIdlest(isChosen: (cursor: Cursor) => boolean): boolean {
    for (const cursor of this.open.values()) {
      if (cursor.inUse || !isChosen(cursor)) continue
      this.remove(cursor)
      return true
    }
    return false
  }

  private remove(cursor: Cursor): void {
    this.open.delete(cursor.id.toString())
    // One that is in use is closed when it is given back.
    if (!cursor.inUse) cursor.source.close?.()
  }

  private reap(): void {
    const limit = this.now() - CURSOR_IDLE_MS
    for (const cursor of this.open.values()) {
      if (cursor.lastUsedMs > limit) return
      if (!cursor.inUse) this.remove(cursor)
    }
  }
}

/**
 * Fills one batch. True when the source has nothing left. Synchronous when one slice was enough. A source that has come
 * to its end, or fails, is closed.
 */
export function fillBatch(source: Source, batch: Batch, limit: TimeLimit): boolean | Promise<boolean> {
  const slice = new Slice()
  if (slice.isLate) return fillInSlices(source, batch, limit)
  try {
    const state = source.fill(batch, slice)
    if (state === 'paused') return fillInSlices(source, batch, limit)
    if (state === 'done') source.close?.()
    return state === 'done'
  } catch (error) {
    source.close?.()
    throw error
  }
}

async function fillInSlices(source: Source, batch: Batch, limit: TimeLimit): Promise<boolean> {
  const last: { state: FillState } = { state: 'paused' }
  try {
    await continueInSlices(limit, (slice) => {
      last.state = source.fill(batch, slice)
      return last.state !== 'paused'
    })
    return last.state === 'done'
  } finally {
    if (last.state !== 'full') source.close?.()
  }
}

/** 63 random bits, never 0, which means that there is no cursor. */
function randomId(): Long {
  const bytes = randomBytes(8)
  return new Long(bytes.readInt32LE(0) | 1, bytes.readInt32LE(4) & 0x7fffffff)
}
