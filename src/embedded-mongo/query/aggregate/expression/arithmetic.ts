import { Double, Int32, Long } from 'bson'
import { badValue } from '../../../bson/errors'
import { toNumber } from '../../../bson/exact'
import { bsonType, isNumeric, typeName } from '../../../bson/types'
import type { Numeric } from '../../../bson/types'
import {
  addNumbers,
  bigintOf,
  divideNumbers,
  kindOf,
  multiplyNumbers,
  remainderOf,
  roundDecimal,
  subtractNumbers,
  toDecimal,
  wholeOf,
} from '../../arithmetic'
import type { Rounding } from '../../arithmetic'
import { located, values, variadic } from './arguments'
import type { CompileOperation } from './environment'
import { isNullish } from './environment'

type Combine = (a: Numeric, b: Numeric) => Numeric | undefined

/** A sum, difference or product beyond 64 bits goes on as a double. */
function orDouble(combine: Combine, doubles: (a: number, b: number) => number): (a: Numeric, b: Numeric) => Numeric {
  return (a, b) => combine(a, b) ?? new Double(doubles(toNumber(a), toNumber(b)))
}

export const sumOf = orDouble(addNumbers, (a, b) => a + b)
const differenceOf = orDouble(subtractNumbers, (a, b) => a - b)
const productOf = orDouble(multiplyNumbers, (a, b) => a * b)

function numberOf(name: string, value: unknown, code = 28765): Numeric {
  if (isNumeric(value)) return value
  throw located(code, `${name} only supports numeric types, not ${typeName(value)}`)
}

/** Numbers, and at most one date, to which the numbers add milliseconds. */
const add = variadic((args) => {
  if (args.some(isNullish)) return null
  const dates = args.filter((arg) => arg instanceof Date)
  if (dates.length > 1) throw located(16612, 'only one date allowed in an $add expression')
  const total = args
    .filter((arg) => !(arg instanceof Date))
    .reduce<Numeric>((sum, arg) => sumOf(sum, addend(arg)), new Int32(0))
  const [date] = dates
  return date === undefined ? total : new Date(date.getTime() + Math.round(toNumber(total)))
})

function addend(value: unknown): Numeric {
  if (isNumeric(value)) return value
  throw located(16554, `$add only supports numeric or date types, not ${typeName(value)}`)
}

const subtract = values(2, 2, (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  if (a instanceof Date && b instanceof Date) return Long.fromNumber(a.getTime() - b.getTime())
  if (a instanceof Date && isNumeric(b)) return new Date(a.getTime() - Math.round(toNumber(b)))
  if (isNumeric(a) && isNumeric(b)) return differenceOf(a, b)
  throw located(16556, `can't $subtract ${typeName(b)} from ${typeName(a)}`)
})

const multiply = variadic((args) => {
  if (args.some(isNullish)) return null
  return args.reduce<Numeric>((product, arg) => {
    if (!isNumeric(arg)) throw located(16555, `$multiply only supports numeric types, not ${typeName(arg)}`)
    return productOf(product, arg)
  }, new Int32(1))
})

const divide = values(2, 2, (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  if (!isNumeric(a) || !isNumeric(b)) {
    throw located(16609, `$divide only supports numeric types, not ${typeName(a)} and ${typeName(b)}`)
  }
  if (toNumber(b) === 0) throw badValue("can't $divide by zero")
  return divideNumbers(a, b)
})

const modulo = values(2, 2, (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  if (!isNumeric(a) || !isNumeric(b)) {
    throw located(16611, `$mod only supports numeric types, not ${typeName(a)} and ${typeName(b)}`)
  }
  if (toNumber(b) === 0) throw located(16610, "can't $mod by zero")
  return remainderOf(a, b)
})

const absolute = values(1, 1, (value) => {
  if (isNullish(value)) return null
  const number = numberOf('$abs', value)
  if (toNumber(number) >= 0) return number
  if (bsonType(number) === 'Long' && (number as Long).equals(Long.MIN_VALUE)) {
    throw located(28680, "can't take $abs of long long min")
  }
  return productOf(number, new Int32(-1))
})

/** $round and $trunc take a place: digits after the point, negative before it. */
function rounding(name: string, mode: Rounding): CompileOperation {
  const takesPlace = name === '$round' || name === '$trunc'
  return values(1, takesPlace ? 2 : 1, (value, place) => {
    if (isNullish(value) || place === null) return null
    const number = numberOf(name, value, takesPlace ? 51081 : undefined)
    const digits = place === undefined ? 0 : toNumber(numberOf(name, place, 51082))
    if (!Number.isInteger(digits) || digits < -20 || digits > 100) {
      throw located(51083, `cannot apply ${name} with precision value ${digits} value must be in [-20, 100]`)
    }
    return roundNumber(number, digits, mode)
  })
}

function roundNumber(value: Numeric, digits: number, mode: Rounding): Numeric {
  const kind = kindOf(value)
  if ((kind === 'int' || kind === 'long') && digits >= 0) return value
  const rounded = roundDecimal(value, digits, mode)
  if (kind === 'decimal') return rounded
  if (kind === 'double') return new Double(toNumber(rounded))
  return wholeOf(BigInt(toNumber(rounded))) ?? value
}

/** Decimals are multiplied out up to this exponent; beyond it they have a double's precision. */
const EXACT_POWER_MAX = 100
/** Whole numbers other than -1, 0 and 1 are beyond 64 bits from here on. */
const WHOLE_POWER_MAX = 63

const power = values(2, 2, (base, exponent) => {
  if (isNullish(base) || isNullish(exponent)) return null
  const [b, e] = [numberOf('$pow', base), numberOf('$pow', exponent)]
  const whole = [b, e].every((value) => ['int', 'long'].includes(kindOf(value)))
  const result = toNumber(b) ** toNumber(e)
  if (whole && toNumber(e) >= 0 && Math.abs(result) <= 2 ** 63 && toNumber(e) <= WHOLE_POWER_MAX) {
    const exact = wholeOf(bigintOf(b) ** bigintOf(e))
    if (exact !== undefined)
      return kindOf(b) === 'long' || kindOf(e) === 'long' ? Long.fromBigInt(bigintOf(exact)) : exact
  }
  if (kindOf(e) !== 'int' || kindOf(b) !== 'decimal' || toNumber(e) < 0 || toNumber(e) > EXACT_POWER_MAX)
    return resultLike(b, result, e)
  return Array.from({ length: toNumber(e) }, () => b).reduce(productOf, new Int32(1))
})

/** A double, or a decimal (of a double's precision) when an argument is one. */
function resultLike(value: Numeric, result: number, other: Numeric = value): Numeric {
  const isDecimal = kindOf(value) === 'decimal' || kindOf(other) === 'decimal'
  return isDecimal ? toDecimal(new Double(result)) : new Double(result)
}

/** Functions of one number that never answer an int. */
function onDouble(name: string, apply: (value: number) => number, allowed: (value: number) => boolean, code: number) {
  return values(1, 1, (value) => {
    if (isNullish(value)) return null
    const number = toNumber(numberOf(name, value))
    if (!allowed(number)) throw located(code, `${name}'s argument is out of its range: ${number}`)
    return resultLike(value as Numeric, apply(number))
  })
}

const always = (): boolean => true
const positive = (value: number): boolean => value > 0 || Number.isNaN(value)

export const ARITHMETIC: Readonly<Record<string, CompileOperation>> = {
  $abs: absolute,
  $add: add,
  $ceil: rounding('$ceil', 'up'),
  $divide: divide,
  $exp: onDouble('$exp', Math.exp, always, 28765),
  $floor: rounding('$floor', 'down'),
  $ln: onDouble('$ln', Math.log, positive, 28766),
  $log10: onDouble('$log10', Math.log10, positive, 28761),
  $mod: modulo,
  $multiply: multiply,
  $pow: power,
  $round: rounding('$round', 'half-even'),
  $sqrt: onDouble('$sqrt', Math.sqrt, (value) => !(value < 0), 28714),
  $subtract: subtract,
  $trunc: rounding('$trunc', 'towards-zero'),
}
