/*
 * The turns of the process's one thread. In a turn everything that has arrived is looked at; long work goes on between
 * turns, one piece of it in each, however much of it there is: so what arrives waits for one piece, not for one of each.
 */

/** A piece that took longer has had its turn for itself. */
const PIECE_MS = 5

const waiting: (() => void)[] = []
/** Pieces that have just taken a turn for themselves. */
let longPieces = 0

/** Runs one piece of long work when it is its turn: others' pieces that have waited longer come first, a turn each. */
export function inOwnTurn(piece: () => void): void {
  if (waiting.push(piece) === 1) afterArrivals(takeTurn)
}

function takeTurn(): void {
  const piece = waiting.shift()
  if (waiting.length > 0) afterArrivals(takeTurn)
  piece?.()
}

/** Runs `work` when this turn has looked at what has arrived; in the next turn when that was long work already. */
export function afterArrivals(work: () => void): void {
  setImmediate(() => {
    if (longPieces > 0) setImmediate(work)
    else work()
  })
}

/** Lets others take their turn. What follows is a piece of long work. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => inOwnTurn(resolve))
}

/** When the piece of work began that the thread is in. Infinity: nobody knows, and it passes for short. */
let beganMs = Infinity

/** Runs what belongs to a piece of work that has begun at `ms`. */
export function asPiece<T>(ms: number, work: () => T): T {
  beganMs = ms
  try {
    return work()
  } finally {
    beganMs = Infinity
    if (performance.now() - ms > PIECE_MS) noteLongPiece()
  }
}

function noteLongPiece(): void {
  longPieces++
  // Whoever runs behind what arrives in this turn, or in the next one, still sees it.
  setImmediate(() => setImmediate(() => longPieces--))
}

/** How long the thread has been in this piece of work. */
export function pieceMs(nowMs: number): number {
  return nowMs - beganMs
}
