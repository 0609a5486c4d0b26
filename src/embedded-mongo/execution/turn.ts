import { setImmediate as immediate } from 'node:timers/promises'

/*
 * The turns of the process's one thread. In a turn everything that has arrived is looked at; long work goes on between
 * turns, and lets what was left for the end of a turn go first.
 */

let atEnd: (() => void)[] = []

/** Runs `work` when everything that has arrived has been looked at, before any long work. */
export function atEndOfTurn(work: () => void): void {
  if (atEnd.length === 0) setImmediate(endTurn)
  atEnd.push(work)
}

function endTurn(): void {
  const ending = atEnd
  atEnd = []
  for (const work of ending) work()
}

/** Lets others take their turn. */
export async function nextTurn(): Promise<void> {
  await immediate()
  endTurn()
}
