import { Decimal128, Double, Int32, Long } from 'bson'
import { exactOf, hold, parseDecimal, toNumber } from '../bson/exact'
import type { Exact } from '../bson/exact'
import type { Numeric } from '../bson/types'
import { typeName } from '../bson/types'

/** The four numeric types, from the one that gives way to the one that prevails. */
const WIDTH: Readonly<Record<string, number>> = { int: 0, long: 1, double: 2, decimal: 3 }
const KINDS = ['int', 'long', 'double', 'decimal'] as const
export type NumberKind = (typeof KINDS)[number]

/** Significant digits of a Decimal128. */
const DECIMAL_DIGITS = 34
/** A double becomes a decimal with as many digits as it is sure of, as in MongoDB. */
const DOUBLE_DIGITS = 15

export function kindOf(value: Numeric): NumberKind {
  return typeName(value) as NumberKind
}

/** The type of a result: decimal prevails over double, double over long, long over int. */
export function widerKind(a: Numeric, b: Numeric): NumberKind {
  return KINDS[Math.max(WIDTH[kindOf(a)] as number, WIDTH[kindOf(b)] as number)] as NumberKind
}

interface Rules {
  readonly bigints: (a: bigint, b: bigint) => bigint
  readonly doubles: (a: number, b: number) => number
  readonly decimals: (a: Exact, b: Exact) => Exact
}

const ADD: Rules = { bigints: (a, b) => a + b, doubles: (a, b) => a + b, decimals: addExact }
const SUBTRACT: Rules = {
  bigints: (a, b) => a - b,
  doubles: (a, b) => a - b,
  decimals: (a, b) => addExact(a, { ...b, negative: !b.negative }),
}
const MULTIPLY: Rules = { bigints: (a, b) => a * b, doubles: (a, b) => a * b, decimals: multiplyExact }

/** The sum in MongoDB's type; undefined when it does not fit 64 bits. An int that overflows becomes a long. */
export function addNumbers(a: Numeric, b: Numeric): Numeric | undefined {
  if (a instanceof Int32 && b instanceof Int32) return wholeNumber(a.value + b.value)
  return compute(ADD, a, b)
}

/** The difference in MongoDB's type; undefined when it does not fit 64 bits. */
export function subtractNumbers(a: Numeric, b: Numeric): Numeric | undefined {
  return compute(SUBTRACT, a, b)
}

/** The product in MongoDB's type; undefined when it does not fit 64 bits. */
export function multiplyNumbers(a: Numeric, b: Numeric): Numeric | undefined {
  if (a instanceof Int32 && b instanceof Int32) {
    const product = a.value * b.value
    if (Number.isSafeInteger(product)) return wholeNumber(product)
  }
  return compute(MULTIPLY, a, b)
}

function compute(rules: Rules, a: Numeric, b: Numeric): Numeric | undefined {
  const kind = widerKind(a, b)
  if (kind === 'double') return new Double(rules.doubles(toNumber(a), toNumber(b)))
  if (kind === 'decimal') return computeDecimal(rules, decimalParts(a), decimalParts(b))
  const result = rules.bigints(bigintOf(a), bigintOf(b))
  return kind === 'long' ? longOf(result) : (intOf(result) ?? longOf(result))
}

function computeDecimal(rules: Rules, a: Exact | number, b: Exact | number): Decimal128 {
  if (typeof a === 'object' && typeof b === 'object') return decimalOf(rules.decimals(a, b))
  return decimalOfNonFinite(rules.doubles(roughly(a), roughly(b)))
}

/** The quotient: always a double or a decimal. The divisor is not zero. */
export function divideNumbers(a: Numeric, b: Numeric): Numeric {
  if (widerKind(a, b) !== 'decimal') return new Double(toNumber(a) / toNumber(b))
  const [x, y] = [decimalParts(a), decimalParts(b)]
  if (typeof x !== 'object' || typeof y !== 'object') return decimalOfNonFinite(roughly(x) / roughly(y))
  const digits = DECIMAL_DIGITS + 2 + y.coefficient.toString().length
  const ideal = x.exponent - y.exponent
  const quotient = {
    negative: x.negative !== y.negative,
    coefficient: (x.coefficient * 10n ** BigInt(digits)) / y.coefficient,
    exponent: ideal - digits,
  }
  return decimalOf(shortened(quotient, ideal))
}

/** Without the zeros at the end that the division made: 2.25, not 2.250. */
function shortened(value: Exact, exponentMax: number): Exact {
  let { coefficient, exponent } = value
  while (exponent < exponentMax && coefficient % 10n === 0n) {
    coefficient /= 10n
    exponent++
  }
  return { negative: value.negative, coefficient, exponent }
}

/** The remainder, with the sign of the dividend. The divisor is not zero. */
export function remainderOf(a: Numeric, b: Numeric): Numeric {
  const kind = widerKind(a, b)
  if (kind === 'double') return new Double(toNumber(a) % toNumber(b))
  if (kind !== 'decimal') {
    const result = bigintOf(a) % bigintOf(b)
    return kind === 'long' ? Long.fromBigInt(result) : new Int32(Number(result))
  }
  const [x, y] = [decimalParts(a), decimalParts(b)]
  if (typeof x !== 'object' || typeof y !== 'object') return decimalOfNonFinite(roughly(x) % roughly(y))
  const exponent = Math.min(x.exponent, y.exponent)
  return decimalOf({
    negative: x.negative,
    coefficient: scaledTo(x, exponent) % scaledTo(y, exponent),
    exponent,
  })
}

/** An int or long that holds a whole number of 64 bits; undefined beyond them. */
export function wholeOf(value: bigint): Int32 | Long | undefined {
  return intOf(value) ?? longOf(value)
}

/** A safe whole number as int, or as long when it does not fit one. */
export function wholeNumber(value: number): Int32 | Long {
  return value === (value | 0) ? new Int32(value) : Long.fromNumber(value)
}

function intOf(value: bigint): Int32 | undefined {
  return BigInt.asIntN(32, value) === value ? new Int32(Number(value)) : undefined
}

function longOf(value: bigint): Long | undefined {
  return BigInt.asIntN(64, value) === value ? Long.fromBigInt(value) : undefined
}

/** The value of an int or long. */
export function bigintOf(value: Numeric): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(toNumber(value))
}

function decimalParts(value: Numeric): Exact | number {
  if (value instanceof Decimal128) return parseDecimal(value.toString())
  if (kindOf(value) !== 'double') return exactOf(hold(value))
  const double = toNumber(value)
  return Number.isFinite(double) ? parseDecimal(double.toPrecision(DOUBLE_DIGITS)) : double
}

export type Rounding = 'up' | 'down' | 'half-even' | 'towards-zero'

/** Rounds to a place after the point (before it, when negative). What is not finite stays. */
export function roundDecimal(value: Numeric, place: number, mode: Rounding): Decimal128 {
  const parts = value instanceof Decimal128 ? decimalParts(value) : exactParts(value)
  if (typeof parts !== 'object') return decimalOfNonFinite(parts)
  if (parts.exponent >= -place) return decimalOf(parts)
  const unit = 10n ** BigInt(-place - parts.exponent)
  const quotient = parts.coefficient / unit
  const twice = (parts.coefficient % unit) * 2n
  const away =
    (mode === 'up' && twice > 0n && !parts.negative) ||
    (mode === 'down' && twice > 0n && parts.negative) ||
    (mode === 'half-even' && (twice > unit || (twice === unit && quotient % 2n === 1n)))
  return decimalOf({ ...parts, coefficient: away ? quotient + 1n : quotient, exponent: -place })
}

/** A double by all its digits: rounding asks what it is, not what it was meant to be. */
function exactParts(value: Numeric): Exact | number {
  const number = toNumber(value)
  return Number.isFinite(number) ? exactOf(hold(value)) : number
}

/** Any number as a decimal. */
export function toDecimal(value: Numeric): Decimal128 {
  if (value instanceof Decimal128) return value
  const parts = decimalParts(value)
  return typeof parts === 'object' ? decimalOf(parts) : decimalOfNonFinite(parts)
}

/** For sums with an infinity or NaN, where the size of the finite side does not matter, only its sign. */
function roughly(value: Exact | number): number {
  if (typeof value === 'number') return value
  if (value.coefficient === 0n) return 0
  return value.negative ? -1 : 1
}

function decimalOfNonFinite(value: number): Decimal128 {
  return Decimal128.fromString(String(value))
}

function scaledTo(value: Exact, exponent: number): bigint {
  return value.coefficient * 10n ** BigInt(value.exponent - exponent)
}

function addExact(a: Exact, b: Exact): Exact {
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = signed(a.negative, scaledTo(a, exponent)) + signed(b.negative, scaledTo(b, exponent))
  return { negative: sum < 0n, coefficient: sum < 0n ? -sum : sum, exponent }
}

function signed(negative: boolean, value: bigint): bigint {
  return negative ? -value : value
}

function multiplyExact(a: Exact, b: Exact): Exact {
  return {
    negative: a.negative !== b.negative,
    coefficient: a.coefficient * b.coefficient,
    exponent: a.exponent + b.exponent,
  }
}

/** Rounds to 34 digits, half to even; beyond the decimals is infinity, below them zero. */
function decimalOf(value: Exact): Decimal128 {
  const { coefficient, exponent } = rounded(value)
  const sign = value.negative ? '-' : ''
  try {
    return Decimal128.fromString(`${sign}${coefficient}E${exponent >= 0 ? '+' : ''}${exponent}`)
  } catch {
    return Decimal128.fromString(exponent > 0 ? `${sign}Infinity` : `${sign}0`)
  }
}

function rounded(value: Exact): { coefficient: bigint; exponent: number } {
  const excess = value.coefficient.toString().length - DECIMAL_DIGITS
  if (excess <= 0) return value
  const unit = 10n ** BigInt(excess)
  const quotient = value.coefficient / unit
  const twice = (value.coefficient % unit) * 2n
  const up = twice > unit || (twice === unit && quotient % 2n === 1n)
  return { coefficient: up ? quotient + 1n : quotient, exponent: value.exponent + excess }
}
