/*
 * The turns of the process's one thread. In a turn everything that has arrived is looked at; long work goes on between
 * turns, one piece of it in each, however much of it there is: so what arrives waits for one piece, not for one of each.
 */

const waiting: (() => void)[] = []

/** Runs one piece of long work when it is its turn: others' pieces that have waited longer come first, a turn each. */
export function inOwnTurn(piece: () => void): void {
  if (waiting.push(piece) === 1) setImmediate(takeTurn)
}

function takeTurn(): void {
  const piece = waiting.shift()
  if (waiting.length > 0) setImmediate(takeTurn)
  piece?.()
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
  }
}

/** How long the thread has been in this piece of work. */
export function pieceMs(nowMs: number): number {
  return nowMs - beganMs
}
