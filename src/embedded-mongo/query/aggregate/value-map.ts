import type { Collation } from '../../bson/collation'
import { hold } from '../../bson/exact'
import { encodeValue } from '../../bson/key-encoding'
import { isNumeric } from '../../bson/types'

/** A map whose keys are BSON values: an int 1 and a double 1 are one key, as in $group. Keeps the order of arrival. */
export interface ValueMap<T> {
  /** The entry of a key, made when it is new. */
  at(key: unknown, make: () => T): T
  entries(): Iterable<readonly [key: unknown, value: T]>
}

/** With a collation, strings that are equal by it are one key. */
export function valueMap<T>(collation?: Collation): ValueMap<T> {
  const map = new Map<string, readonly [unknown, T]>()
  return {
    at: (key, make) => {
      const text = keyText(collation === undefined ? key : collation.keyOf(key))
      const known = map.get(text)
      if (known !== undefined) return known[1]
      const value = make()
      map.set(text, [key, value])
      return value
    },
    entries: () => map.values(),
  }
}

export interface ValueSet {
  /** False when it is there already. */
  add(value: unknown): boolean
  has(value: unknown): boolean
  /** In the order of arrival. */
  values(): unknown[]
}

export function valueSet(): ValueSet {
  const known = new Map<string, unknown>()
  return {
    add: (value) => {
      const text = keyText(value)
      if (known.has(text)) return false
      known.set(text, value)
      return true
    },
    has: (value) => known.has(keyText(value)),
    values: () => [...known.values()],
  }
}

/** Equal texts for equal values. Strings, the usual keys, are not encoded; a missing key is not null. */
function keyText(key: unknown): string {
  if (typeof key === 'string') return `s${key}`
  if (key === undefined) return 'missing'
  if (isNumeric(key)) {
    const held = hold(key)
    if (typeof held === 'number') return `n${held}`
  }
  return `b${encodeValue(key).toString('latin1')}`
}
