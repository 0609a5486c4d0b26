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
  const map = new Map<string | number, readonly [unknown, T]>()
  return {
    at: (key, make) => {
      const name = mapKey(collation === undefined ? key : collation.keyOf(key))
      const known = map.get(name)
      if (known !== undefined) return known[1]
      const value = make()
      map.set(name, [key, value])
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
  const known = new Map<string | number, unknown>()
  return {
    add: (value) => {
      const name = mapKey(value)
      if (known.has(name)) return false
      known.set(name, value)
      return true
    },
    has: (value) => known.has(mapKey(value)),
    values: () => [...known.values()],
  }
}

/** Before what is no text: no character stands there that way. */
const NO_TEXT = '\ud800'

/** Equal ones for equal values, and none alike for others. Numbers and strings, the usual keys, are not encoded; a missing key is not null. */
export function mapKey(key: unknown): string | number {
  if (typeof key === 'string') return key.startsWith(NO_TEXT) ? `${NO_TEXT}s${key}` : key
  if (key === undefined) return `${NO_TEXT}missing`
  if (isNumeric(key)) {
    const held = hold(key)
    if (typeof held === 'number') return held
  }
  return `${NO_TEXT}b${encodeValue(key).toString('latin1')}`
}
