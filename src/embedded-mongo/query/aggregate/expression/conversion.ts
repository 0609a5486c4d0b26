import { Decimal128, Double, Int32, Long, ObjectId } from 'bson'
import { CommandError } from '../../../bson/errors'
import { toNumber } from '../../../bson/exact'
import { isNumeric, TYPE_NUMBERS, typeName } from '../../../bson/types'
import type { Numeric } from '../../../bson/types'
import { kindOf, roundDecimal, toDecimal } from '../../arithmetic'
import { namedArguments, values } from './arguments'
import type { CompileOperation } from './environment'
import { isNullish, isTruthy } from './environment'

type Convert = (value: unknown) => unknown

function failure(reason: string): CommandError {
  return new CommandError(241, 'ConversionFailure', `${reason} in $convert with no onError value`)
}

function unsupported(value: unknown, to: string): CommandError {
  return failure(`Unsupported conversion from ${typeName(value)} to ${to}`)
}

function unparsed(value: string, why: string): CommandError {
  return failure(`Failed to parse number '${value}': ${why}`)
}

/** A number of any type cut to a whole one. */
function whole(value: Numeric, to: string): bigint {
  if (!Number.isFinite(toNumber(value)))
    throw failure(`Attempt to convert ${String(value)} value to integer type ${to}`)
  const kind = kindOf(value)
  if (kind === 'long' || kind === 'int') return BigInt(value.toString())
  if (kind === 'double') return BigInt(Math.trunc(toNumber(value)))
  return BigInt(toNumber(roundDecimal(value, 0, 'towards-zero')))
}

function integer(value: unknown, to: 'int' | 'long'): Int32 | Long {
  const result = integerValue(value, to)
  const fits = BigInt.asIntN(to === 'int' ? 32 : 64, result) === result
  if (!fits) throw failure(`Conversion would overflow target type: ${result}`)
  return to === 'int' ? new Int32(Number(result)) : Long.fromBigInt(result)
}

function integerValue(value: unknown, to: 'int' | 'long'): bigint {
  if (isNumeric(value)) return whole(value, to)
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (value instanceof Date && to === 'long') return BigInt(value.getTime())
  if (typeof value !== 'string') throw unsupported(value, to)
  if (!/^[+-]?\d+$/.test(value)) throw unparsed(value, 'Did not consume whole string.')
  return BigInt(value.replace('+', ''))
}

const toDouble: Convert = (value) => {
  if (isNumeric(value)) return new Double(toNumber(value))
  if (typeof value === 'boolean') return new Double(value ? 1 : 0)
  if (value instanceof Date) return new Double(value.getTime())
  if (typeof value !== 'string') throw unsupported(value, 'double')
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?inf(inity)?$|^nan$/i.test(value)) {
    throw unparsed(value, 'Did not consume whole string.')
  }
  return new Double(Number(value))
}

const asDecimal: Convert = (value) => {
  if (isNumeric(value)) return toDecimal(value)
  if (typeof value === 'boolean') return Decimal128.fromString(value ? '1' : '0')
  if (value instanceof Date) return Decimal128.fromString(String(value.getTime()))
  if (typeof value !== 'string') throw unsupported(value, 'decimal')
  try {
    return Decimal128.fromStringWithRounding(value)
  } catch {
    throw unparsed(value, 'Failed to parse string to decimal')
  }
}

const toText: Convert = (value) => {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || isNumeric(value)) return String(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof ObjectId) return value.toHexString()
  throw unsupported(value, 'string')
}

const toDate: Convert = (value) => {
  if (value instanceof Date) return value
  if (value instanceof ObjectId) return value.getTimestamp()
  if (isNumeric(value) && kindOf(value) !== 'int') return new Date(Math.trunc(toNumber(value)))
  if (typeof value !== 'string') throw unsupported(value, 'date')
  const date = new Date(/[zZ]|[+-]\d\d:?\d\d$|^\d{4}-\d\d-\d\d$/.test(value) ? value : `${value}Z`)
  if (Number.isNaN(date.getTime())) throw failure(`Error parsing date string '${value}'`)
  return date
}

const toObjectId: Convert = (value) => {
  if (value instanceof ObjectId) return value
  if (typeof value !== 'string') throw unsupported(value, 'objectId')
  if (!/^[0-9a-f]{24}$/i.test(value)) throw failure(`Failed to parse objectId '${value}'`)
  return new ObjectId(value)
}

const CONVERSIONS: Readonly<Record<string, Convert>> = {
  bool: (value) => (isNumeric(value) || typeof value === 'boolean' ? isTruthy(value) : true),
  date: toDate,
  decimal: asDecimal,
  double: toDouble,
  int: (value) => integer(value, 'int'),
  long: (value) => integer(value, 'long'),
  objectId: toObjectId,
  string: toText,
}

function converting(to: string): CompileOperation {
  const convert = CONVERSIONS[to] as Convert
  return values(1, 1, (value) => (isNullish(value) ? null : convert(value)))
}

function conversionTo(type: unknown): Convert {
  const name = isNumeric(type)
    ? Object.keys(TYPE_NUMBERS).find((key) => TYPE_NUMBERS[key] === toNumber(type))
    : String(type)
  const convert = name !== undefined && Object.hasOwn(CONVERSIONS, name) ? CONVERSIONS[name] : undefined
  if (convert === undefined) throw new CommandError(2, 'BadValue', `Unknown type name: ${String(type)}`)
  return convert
}

const convertAny: CompileOperation = (operand, compile, name) => {
  const named = namedArguments(operand, name, ['input', 'to'], ['onError', 'onNull', 'format'])
  const [input, to] = [compile(named['input']), compile(named['to'])]
  const onNull = compile(named['onNull'] ?? null)
  const onError = 'onError' in named ? compile(named['onError']) : undefined
  return (env) => {
    const value = input(env)
    if (isNullish(value)) return onNull(env)
    const type = to(env)
    if (isNullish(type)) return null
    const convert = conversionTo(type)
    try {
      return convert(value)
    } catch (error) {
      if (onError !== undefined && error instanceof CommandError && error.code === 241) return onError(env)
      throw error
    }
  }
}

export const CONVERSION: Readonly<Record<string, CompileOperation>> = {
  $convert: convertAny,
  $isNumber: values(1, 1, (value) => isNumeric(value)),
  $toBool: converting('bool'),
  $toDate: converting('date'),
  $toDecimal: converting('decimal'),
  $toDouble: converting('double'),
  $toInt: converting('int'),
  $toLong: converting('long'),
  $toObjectId: converting('objectId'),
  $toString: converting('string'),
  $type: values(1, 1, (value) => typeName(value)),
}
