import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { badValue } from '../../bson/errors'
import { compareNumbers, exactOf, hold, isNaNValue, parseDecimal, toNumber } from '../../bson/exact'
import type { Exact } from '../../bson/exact'
import { bsonType, isNumeric, typeName } from '../../bson/types'
import type { Numeric } from '../../bson/types'
import { parseTypes } from '../filter-operands'
import { matchesPattern } from '../filter-match'
import { compilePattern } from '../pattern'
import { countIn, keywordError, keywordType } from './rule'
import type { CompileKeyword, Rule } from './rule'

/** JSON Schema's own names of types, in BSON's. */
const JSON_TYPES: Readonly<Record<string, string>> = {
  array: 'array',
  boolean: 'bool',
  null: 'null',
  number: 'number',
  object: 'object',
  string: 'string',
}

/** What `type` or `bsonType` names, as $type would. */
export function typesIn(keyword: string, operand: unknown): ReadonlySet<string> {
  const names: readonly unknown[] = Array.isArray(operand) ? operand : [operand]
  if (names.length === 0) throw keywordError(keyword, 'must name at least one type')
  for (const name of names) {
    if (typeof name !== 'string') throw keywordType(keyword, 'must be either a string or an array of strings')
    if (name === 'integer') throw keywordError(keyword, "type 'integer' is not currently supported.")
  }
  if (new Set(names).size < names.length) throw keywordError(keyword, 'has duplicate values')
  return parseTypes(keyword === 'bsonType' ? names : names.map((name) => jsonType(String(name))))
}

function jsonType(name: string): string {
  if (Object.hasOwn(JSON_TYPES, name)) return JSON_TYPES[name] as string
  throw badValue(`Unknown type name alias: ${name}`)
}

export const type: CompileKeyword = (operand, _around, keyword) => {
  const types = typesIn(keyword, operand)
  return {
    holds: (value) => types.has(typeName(value)),
    explain: (value) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: operand },
      reason: 'type did not match',
      consideredValue: value,
      consideredType: typeName(value),
    }),
  }
}

interface Scalar<T> {
  readonly keyword: string
  readonly specifiedAs: Doc
  readonly reason: string
  readonly isFor: (value: unknown) => value is T
  readonly holds: (value: T) => boolean
}

function scalar<T>({ keyword, specifiedAs, reason, isFor, holds }: Scalar<T>): Rule {
  return {
    holds: (value) => !isFor(value) || holds(value),
    explain: (value) => ({ operatorName: keyword, specifiedAs, reason, consideredValue: value }),
  }
}

const isString = (value: unknown): value is string => typeof value === 'string'

export const pattern: CompileKeyword = (operand, _around, keyword) => {
  if (!isString(operand)) throw keywordType(keyword, 'must be a string')
  const reason = 'regular expression did not match'
  const holds = matchesPattern(compilePattern(operand, ''))
  return scalar({ keyword, specifiedAs: { [keyword]: operand }, reason, isFor: isString, holds })
}

/** minLength and maxLength, in code points. */
export const textLength: CompileKeyword = (operand, _around, keyword) => {
  const bound = countIn(keyword, operand)
  const holds = (text: string): boolean => {
    const length = codePoints(text)
    return keyword === 'minLength' ? length >= bound : length <= bound
  }
  const reason = 'specified string length was not satisfied'
  return scalar({ keyword, specifiedAs: { [keyword]: operand }, reason, isFor: isString, holds })
}

function codePoints(text: string): number {
  let surrogates = 0
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) surrogates++
  return text.length - surrogates
}

/** minimum and maximum, with `exclusiveMinimum: true` or `exclusiveMaximum: true` beside them. */
export const limit: CompileKeyword = (operand, { schema }, keyword) => {
  if (!isNumeric(operand)) throw keywordType(keyword, 'must be a number')
  const companion = keyword === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'
  const exclusive = schema[companion] === true
  const specifiedAs: Doc = { [keyword]: operand }
  if (schema[companion] !== undefined) specifiedAs[companion] = schema[companion]
  const sign = keyword === 'minimum' ? 1 : -1
  const holds = (value: Numeric): boolean => {
    // NaN is within no limit but its own.
    if (isNaNValue(value) || isNaNValue(operand)) return !exclusive && isNaNValue(value) && isNaNValue(operand)
    const order = sign * compareNumbers(value, operand)
    return exclusive ? order > 0 : order >= 0
  }
  return scalar({ keyword, specifiedAs, reason: 'comparison failed', isFor: isNumeric, holds })
}

/** exclusiveMinimum and exclusiveMaximum say how the limit beside them is meant, and nothing alone. */
export const exclusive: CompileKeyword = (operand, { schema }, keyword) => {
  const companion = keyword === 'exclusiveMinimum' ? 'minimum' : 'maximum'
  if (schema[companion] === undefined) throw keywordError(companion, `must be a present if ${keyword} is present`)
  if (typeof operand !== 'boolean') throw keywordType(keyword, 'must be a boolean')
  return undefined
}

export const multipleOf: CompileKeyword = (operand, _around, keyword) => {
  if (!isNumeric(operand)) throw keywordType(keyword, 'must be a number')
  if (!(toNumber(operand) > 0)) throw keywordError(keyword, 'must have a positive value')
  const divisor = decimalOf(operand)
  const holds = (value: Numeric): boolean => {
    const dividend = decimalOf(value)
    return divisor !== undefined && dividend !== undefined && isMultiple(dividend, divisor)
  }
  const reason = 'considered value is not a multiple of the specified value'
  return scalar({ keyword, specifiedAs: { [keyword]: operand }, reason, isFor: isNumeric, holds })
}

/** The digits of a double that count are fifteen: 4.2 is twice 2.1, though the doubles are not. */
const DOUBLE_DIGITS = 15

function decimalOf(value: Numeric): Exact | undefined {
  const held = hold(value)
  if (typeof held !== 'number') return exactOf(held)
  if (!Number.isFinite(held)) return undefined
  const isDouble = typeof value === 'number' || bsonType(value) === 'Double'
  const exact = isDouble ? parseDecimal(held.toPrecision(DOUBLE_DIGITS)) : exactOf(held)
  return typeof exact === 'number' ? undefined : exact
}

function isMultiple(dividend: Exact, divisor: Exact): boolean {
  const exponent = Math.min(dividend.exponent, divisor.exponent)
  return atExponent(dividend, exponent) % atExponent(divisor, exponent) === 0n
}

function atExponent(exact: Exact, exponent: number): bigint {
  return exact.coefficient * 10n ** BigInt(exact.exponent - exponent)
}

/** title and description: for people, and for errors. */
export const text: CompileKeyword = (operand, _around, keyword) => {
  if (!isString(operand)) throw keywordType(keyword, 'must be of type string')
  return undefined
}

/** Title and description, where there are any. */
export function aboutOf(schema: unknown): Doc {
  if (!isDoc(schema)) return {}
  const about: Doc = {}
  for (const name of ['title', 'description']) if (isString(schema[name])) about[name] = schema[name]
  return about
}
