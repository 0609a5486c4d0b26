import { RANK, rankOf, textOf } from '../bson/types'
import { mapKey } from './aggregate/value-map'
import { onPath } from './path'
import type { DocTest } from './path'

/**
 * Whether each of many values is found somewhere at the end of a path: in one walk, where as many conditions would walk
 * as many times. Says nothing of where.
 */
export function findsAll(path: string, values: readonly unknown[]): DocTest {
  const places = new Map<string | number, number>()
  for (const value of values) {
    const key = keyOf(value)
    if (!places.has(key)) places.set(key, places.size)
  }
  let isFound = new Uint8Array(0)
  let left = 0
  const walk = onPath(path, 'each', (value) => {
    const place = places.get(keyOf(value))
    if (place !== undefined && isFound[place] === 0) {
      isFound[place] = 1
      left--
    }
    return left === 0
  })
  return (doc) => {
    isFound = new Uint8Array(places.size)
    left = places.size
    return walk(doc)
  }
}

/** What is missing is found by null, and a symbol by the string that is like it. */
function keyOf(value: unknown): string | number {
  return mapKey(rankOf(value) === RANK.string ? textOf(value) : value === undefined ? null : value)
}
