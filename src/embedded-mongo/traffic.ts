/** What all connections together may hold of messages that have not come whole and of answers that nobody has read. */
export const TRAFFIC_BYTES_MAX = 512 * 1_024 * 1_024
/** How long messages that are there are worked on before others have their turn. */
const TURN_MS = 5

/** A connection, as far as its share of the memory is concerned. */
export interface Holder {
  readonly heldBytes: number
  destroy(): void
}

/** What connections share: the thread's time, turn by turn, and the memory for what is under way. */
export class Traffic {
  private readonly holders = new Map<Holder, number>()
  private bytes = 0
  private turnEnd = 0

  constructor(private readonly bytesMax: number = TRAFFIC_BYTES_MAX) {}

  /** A message is worked on: the turn has begun, if it had not before. */
  beginTurn(): void {
    if (this.turnEnd > 0) return
    this.turnEnd = performance.now() + TURN_MS
    setImmediate(() => (this.turnEnd = 0))
  }

  /** True when this turn of the event loop has lasted long enough: who has more to do waits for a turn of its own. */
  isTurnOver(): boolean {
    return performance.now() >= this.turnEnd
  }

  /** Counts anew what one holds. Where that is too much in all, those that hold most lose their connections. */
  account(holder: Holder): void {
    this.set(holder, holder.heldBytes)
    while (this.bytes > this.bytesMax) {
      const [largest] = [...this.holders].reduce((a, b) => (b[1] > a[1] ? b : a))
      this.set(largest, 0)
      largest.destroy()
    }
  }

  private set(holder: Holder, bytes: number): void {
    const before = this.holders.get(holder) ?? 0
    if (bytes === before) return
    this.bytes += bytes - before
    if (bytes === 0) this.holders.delete(holder)
    else this.holders.set(holder, bytes)
  }
}
