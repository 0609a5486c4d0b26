import { Decimal128 } from 'bson'
import { valuesEqual } from './compare'
import { isDoc } from './doc'
import { spend } from './effort'
import { hold } from './exact'
import { isNumeric, typeName } from './types'
import type { Numeric } from './types'

/** The same type and the same value, as bytes would be: a Long 5 is not identical to an Int32 5, though they are equal. */
export function identical(a: unknown, b: unknown): boolean {
  if (a === b) return true
  const type = typeName(a)
  if (type !== typeName(b)) return false
  if (Array.isArray(a)) return identicalArrays(a, b as unknown[])
  if (isDoc(a) && isDoc(b)) return identicalDocs(a, b)
  return isNumeric(a) ? identicalNumbers(a, b as Numeric) : valuesEqual(a, b)
}

function identicalArrays(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  spend(a.length)
  return a.every((value, i) => identical(value, b[i]))
}

function identicalDocs(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(a)
  const others = Object.keys(b)
  if (names.length !== others.length) return false
  spend(names.length)
  return names.every((name, i) => name === others[i] && identical(a[name], b[name]))
}

function identicalNumbers(a: Numeric, b: Numeric): boolean {
  if (a instanceof Decimal128) return b instanceof Decimal128 && Buffer.compare(a.bytes, b.bytes) === 0
  const x = hold(a)
  return typeof x === 'number' ? Object.is(x, hold(b)) : valuesEqual(a, b)
}
