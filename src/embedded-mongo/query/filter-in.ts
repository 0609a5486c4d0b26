import type { Collation } from '../bson/collation'
import { compareValues } from '../bson/compare'
import { hold } from '../bson/exact'
import { isNumeric } from '../bson/types'

/** Whether a value equals one of a list: by binary search, among plain numbers, which are most lists, at little cost. */
export function membership(values: readonly unknown[], collation: Collation | undefined): (value: unknown) => boolean {
  const plain = new Float64Array(values.length)
  const others: unknown[] = []
  let count = 0
  for (const value of values) {
    const number = plainNumber(value)
    if (number === undefined) others.push(value)
    else plain[count++] = number
  }
  others.sort((a, b) => compareValues(a, b, collation))
  if (count === 0) return (value) => includesValue(others, value, collation)
  const numbers = plain.subarray(0, count).sort()
  return (value) => {
    const number = plainNumber(value)
    return number === undefined ? includesValue(others, value, collation) : includesNumber(numbers, number)
  }
}

/** A number that a double can say: it equals no value of another kind. */
function plainNumber(value: unknown): number | undefined {
  const held = isNumeric(value) ? hold(value) : undefined
  return typeof held === 'number' ? held : undefined
}

/** NaN is sorted behind all others. */
function includesNumber(sorted: Float64Array, number: number): boolean {
  if (Number.isNaN(number)) return Number.isNaN(sorted.at(-1))
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) < number) low = middle + 1
    else high = middle
  }
  return sorted[low] === number
}

function includesValue(sorted: readonly unknown[], value: unknown, collation: Collation | undefined): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareValues(sorted[middle], value, collation)
    if (order === 0) return true
    if (order < 0) low = middle + 1
    else high = middle
  }
  return false
}
