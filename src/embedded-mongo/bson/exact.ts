import type { Decimal128, Double, Int32, Long } from 'bson'
import { bsonType } from './types'
import type { Numeric } from './types'

/** A finite number as sign · coefficient · 10^exponent, without loss. */
export interface Exact {
  readonly negative: boolean
  readonly coefficient: bigint
  readonly exponent: number
}

/**
 * A number as JavaScript holds it exactly: number for what a double can say, bigint for other longs, Exact for other
 * decimals. NaN and ±Infinity are numbers.
 */
export type Held = number | bigint | Exact

export function hold(value: Numeric): Held {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return narrow(value)
  switch (bsonType(value)) {
    case 'Long':
      return holdLong(value as Long)
    case 'Decimal128':
      return holdDecimal(value as Decimal128)
    default:
      return (value as Int32 | Double).value
  }
}

function holdLong(value: Long): number | bigint {
  const near = value.toNumber()
  return Number.isSafeInteger(near) ? near : narrow(value.toBigInt())
}

function narrow(value: bigint): number | bigint {
  const near = Number(value)
  return BigInt(near) === value ? near : value
}

function holdDecimal(value: Decimal128): Held {
  const exact = parseDecimal(value.toString())
  if (typeof exact === 'number') return exact
  const near = nearest(exact)
  return Number.isFinite(near) && compareExact(exactOf(near), exact) === 0 ? near : exact
}

const DECIMAL_TEXT = /^(-?)(\d*)\.?(\d*)(?:E([+-]?\d+))?$/i

/** The text of a Decimal128; NaN and ±Infinity come back as numbers. */
export function parseDecimal(text: string): Exact | number {
  const parts = DECIMAL_TEXT.exec(text)
  if (parts === null) return Number(text)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  return {
    negative: sign === '-',
    coefficient: BigInt(whole + fraction),
    exponent: Number(exponent) - fraction.length,
  }
}

/** The double nearest to an exact number; ±Infinity beyond the doubles. */
export function nearest(exact: Exact): number {
  return Number(`${exact.negative ? '-' : ''}${exact.coefficient}e${exact.exponent}`)
}

/** Bits of one double; written and read at once, never kept. */
const scratch = new DataView(new ArrayBuffer(8))
const MANTISSA_BITS = 52
const MANTISSA_MASK = (1n << 52n) - 1n
const EXPONENT_BIAS = 1075

/** Takes a finite double, a bigint or an Exact to an Exact. */
export function exactOf(value: Held): Exact {
  if (typeof value === 'object') return value
  if (typeof value === 'bigint') return { negative: value < 0n, coefficient: value < 0n ? -value : value, exponent: 0 }
  if (Number.isSafeInteger(value)) {
    return { negative: value < 0, coefficient: BigInt(Math.abs(value)), exponent: 0 }
  }
  scratch.setFloat64(0, Math.abs(value))
  const bits = scratch.getBigUint64(0)
  const biased = Number(bits >> BigInt(MANTISSA_BITS))
  const mantissa = biased === 0 ? bits & MANTISSA_MASK : (bits & MANTISSA_MASK) | (1n << BigInt(MANTISSA_BITS))
  const power = (biased === 0 ? 1 : biased) - EXPONENT_BIAS
  return power >= 0
    ? { negative: value < 0, coefficient: mantissa << BigInt(power), exponent: 0 }
    : { negative: value < 0, coefficient: mantissa * 5n ** BigInt(-power), exponent: power }
}

/** Digits without trailing zeros, and the power p of ten with value = 0.digits · 10^p. Zero has no digits. */
export function scientific(exact: Exact): { digits: string; power: number } {
  const all = exact.coefficient.toString()
  const digits = all.replace(/0+$/, '')
  return digits === '' ? { digits, power: 0 } : { digits, power: all.length + exact.exponent }
}

export function compareExact(a: Exact, b: Exact): number {
  const aZero = a.coefficient === 0n
  const bZero = b.coefficient === 0n
  if (aZero || bZero) return aZero && bZero ? 0 : aZero ? (b.negative ? 1 : -1) : a.negative ? -1 : 1
  if (a.negative !== b.negative) return a.negative ? -1 : 1
  const x = scientific(a)
  const y = scientific(b)
  const size = x.power !== y.power ? x.power - y.power : x.digits < y.digits ? -1 : x.digits > y.digits ? 1 : 0
  return a.negative ? -size : size
}

/** NaN is below every other number and equal to itself; -0 equals 0. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  return compareHeld(hold(a), hold(b))
}

function compareHeld(a: Held, b: Held): number {
  if (typeof a !== 'object' && typeof b !== 'object') {
    // JavaScript compares number with bigint by exact value.
    if (a < b) return -1
    if (a > b) return 1
    // Equal, unless one of them is NaN.
    return Number(Number.isNaN(b)) - Number(Number.isNaN(a))
  }
  if (typeof a === 'number' && !Number.isFinite(a)) return a === Infinity ? 1 : -1
  if (typeof b === 'number' && !Number.isFinite(b)) return b === Infinity ? -1 : 1
  return compareExact(exactOf(a), exactOf(b))
}

export function isNaNValue(value: Numeric): boolean {
  return Number.isNaN(hold(value))
}

/** The nearest double of any number. */
export function toNumber(value: Numeric): number {
  const held = hold(value)
  return typeof held === 'object' ? nearest(held) : Number(held)
}
