/*
 * Work on values is counted in steps, where somebody wants to know: an element, a field, a few characters. What is done
 * with a whole value in one go says here how large it is, and is stopped when it was promised to be cheap and is not.
 */

/** Characters that count as one step. */
const CHARACTERS_PER_STEP = 16

let stepsLeft = Infinity
let excess: Error | undefined

/** Throws what `counted` was given, when more steps are made than were granted. */
export function spend(steps: number): void {
  stepsLeft -= steps
  if (stepsLeft < 0 && excess !== undefined) throw excess
}

/** The steps of a value that is gone through once: an array's elements, or a text. What is inside them does not count. */
export function spendOn(value: unknown): void {
  if (Array.isArray(value)) spend(value.length)
  else if (typeof value === 'string') spendOnText(value.length)
}

export function spendOnText(length: number): void {
  if (length > CHARACTERS_PER_STEP) spend(length / CHARACTERS_PER_STEP)
}

/** Runs something that may make so many steps; what makes one more throws `error`. Not to be nested. */
export function counted<T>(steps: number, error: Error, run: () => T): T {
  stepsLeft = steps
  excess = error
  try {
    return run()
  } finally {
    stepsLeft = Infinity
    excess = undefined
  }
}
