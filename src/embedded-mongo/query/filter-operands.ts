import type { Binary } from 'bson'
import { badValue, failedToParse } from '../bson/errors'
import { hold, toNumber } from '../bson/exact'
import { binaryBytes, bsonType, isNumeric, TYPE_NUMBERS } from '../bson/types'

type Test = (value: unknown) => boolean

const NUMBER_TYPES = ['double', 'int', 'long', 'decimal']
const NAME_OF_NUMBER = new Map(Object.entries(TYPE_NUMBERS).map(([name, number]) => [number, name]))

/** `$type`'s operand: a name, a number, or an array of them → the names of the types, 'number' spelt out. */
export function parseTypes(operand: unknown): ReadonlySet<string> {
  const given = Array.isArray(operand) ? operand : [operand]
  if (given.length === 0) throw failedToParse('$type must match at least one type')
  return new Set(given.flatMap(typeNames))
}

function typeNames(value: unknown): readonly string[] {
  if (value === 'number') return NUMBER_TYPES
  if (typeof value === 'string') {
    if (!Object.hasOwn(TYPE_NUMBERS, value)) throw badValue(`Unknown type name alias: ${value}`)
    return [value]
  }
  const number = isNumeric(value) ? toNumber(value) : NaN
  if (Number.isNaN(number)) throw badValue('type must be represented as a number or a string')
  const name = NAME_OF_NUMBER.get(number)
  if (name === undefined) throw badValue(`Invalid numerical type code: ${number}`)
  return [name]
}

export function parseSize(operand: unknown): number {
  const size = isNumeric(operand) ? toNumber(operand) : NaN
  if (Number.isNaN(size)) throw failedToParse('Failed to parse $size. Expected a number in: $size')
  if (!Number.isInteger(size)) throw failedToParse(`Failed to parse $size. Expected an integer: $size: ${size}`)
  if (size < 0) throw failedToParse(`Failed to parse $size. Expected a non-negative number in: $size: ${size}`)
  return size
}

/** Any number cut to an integer towards zero; undefined for what is no finite number. */
export function integerOf(value: unknown): bigint | undefined {
  if (!isNumeric(value)) return undefined
  const held = hold(value)
  if (typeof held === 'bigint') return held
  if (typeof held === 'number') return Number.isFinite(held) ? BigInt(Math.trunc(held)) : undefined
  const size =
    held.exponent >= 0
      ? held.coefficient * 10n ** BigInt(held.exponent)
      : held.coefficient / 10n ** BigInt(-held.exponent)
  return held.negative ? -size : size
}

export function parseMod(operand: unknown): Test {
  if (!Array.isArray(operand)) throw badValue('malformed mod, needs to be an array')
  if (operand.length < 2) throw badValue('malformed mod, not enough elements')
  if (operand.length > 2) throw badValue('malformed mod, too many elements')
  const divisor = integerOf(operand[0])
  const remainder = integerOf(operand[1])
  if (divisor === undefined) throw badValue('malformed mod, divisor not a number')
  if (remainder === undefined) throw badValue('malformed mod, remainder not a number')
  if (divisor === 0n) throw badValue('divisor cannot be 0')
  return (value) => {
    const dividend = integerOf(value)
    return dividend !== undefined && dividend % divisor === remainder
  }
}

/** Bit positions must fit what two's complement of 64 bits extends for ever; Binary operands may be longer. */
const BIT_POSITION_MAX = 2 ** 31

/** $bitsAllSet, $bitsAllClear, $bitsAnySet, $bitsAnyClear: the operand is a mask or a list of positions. */
export function parseBits(name: string, operand: unknown): Test {
  const mask = maskOf(name, operand)
  return (value) => {
    const bits = bitsOf(value)
    if (bits === undefined) return false
    const set = bits & mask
    if (name === '$bitsAllSet') return set === mask
    if (name === '$bitsAllClear') return set === 0n
    return name === '$bitsAnySet' ? set !== 0n : set !== mask
  }
}

function maskOf(name: string, operand: unknown): bigint {
  if (Array.isArray(operand)) return operand.reduce<bigint>((mask, at) => mask | (1n << positionOf(name, at)), 0n)
  const mask = bitsOf(operand)
  if (mask === undefined)
    throw badValue(`${name} takes an Array, a number, or a BinData but received: ${String(operand)}`)
  if (mask < 0n) throw failedToParse(`Expected a non-negative number in: ${name}: ${mask}`)
  return mask
}

function positionOf(name: string, value: unknown): bigint {
  const position = isNumeric(value) ? toNumber(value) : NaN
  if (!Number.isInteger(position) || position < 0 || position >= BIT_POSITION_MAX) {
    throw badValue(`bit positions must be an integer >= 0 but got: ${name}: ${position}`)
  }
  // Beyond 64 bits a number repeats its sign; so the 64th stands for all that follow.
  return BigInt(Math.min(position, 64))
}

function bitsOf(value: unknown): bigint | undefined {
  if (bsonType(value) === 'Binary') return bitsOfBytes(binaryBytes(value as Binary))
  if (!isNumeric(value)) return undefined
  const integer = integerOf(value)
  return integer !== undefined && toNumber(value) === Number(integer) ? integer : undefined
}

/** The first byte holds the lowest bits. */
function bitsOfBytes(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).reverse().toString('hex')
  return hex === '' ? 0n : BigInt(`0x${hex}`)
}
