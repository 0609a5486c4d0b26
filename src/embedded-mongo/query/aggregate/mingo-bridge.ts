import { BSONRegExp, Double, Int32, Long } from 'bson'
import { Context, evalExpr } from 'mingo/core'
import * as accumulatorOperators from 'mingo/operators/accumulator'
import * as expressionOperators from 'mingo/operators/expression'
import * as pipelineOperators from 'mingo/operators/pipeline'
import * as projectionOperators from 'mingo/operators/projection'
import * as queryOperators from 'mingo/operators/query'
import * as windowOperators from 'mingo/operators/window'
import { Aggregator } from 'mingo/aggregator'
import type { Options } from 'mingo/types'
import { getField, hasField, isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { spend, spendOn } from '../../bson/effort'
import { CommandError, messageOf } from '../../bson/errors'
import { toNumber } from '../../bson/exact'
import { bsonType, isNumeric, RANK, rankOf, regexParts } from '../../bson/types'
import { costly, isRestart } from '../guard'
import { compilePattern, patternOf } from '../pattern'

/**
 * The only door to mingo: for what the engine does not do itself. mingo works on JavaScript's values, so numbers pass
 * through it promoted. The fields of a document that a stage leaves alone come back as they went. In what is computed
 * of them a whole Double becomes an int (1.0 → 1), a Long that fits an int an int, a Long beyond 2^53 is rounded, and a
 * Decimal128 becomes a double.
 */
export type MingoOptions = Pick<Options, 'collectionResolver' | 'variables'>

const REFUSED = ['$function', '$accumulator', '$where', '$jsonSchema', '$out', '$merge']

function without<T extends object>(operators: T): T {
  return Object.fromEntries(Object.entries(operators).filter(([name]) => !REFUSED.includes(name))) as T
}

const CONTEXT = Context.init({
  accumulator: without(accumulatorOperators),
  expression: without(expressionOperators),
  pipeline: without(pipelineOperators),
  projection: projectionOperators,
  query: without(queryOperators),
  window: windowOperators,
})

// $setWindowFields runs a function of its own by way of mingo's $function. No client's program gets there: those
// operators are not in the context.
const OPTIONS = { context: CONTEXT, scriptEnabled: true, useStrictMode: true } as const

export function mingoHasExpression(name: string): boolean {
  return Object.hasOwn(expressionOperators, name) && !REFUSED.includes(name)
}

export function mingoHasAccumulator(name: string): boolean {
  return Object.hasOwn(accumulatorOperators, name) && !REFUSED.includes(name)
}

export function mingoHasStage(name: string): boolean {
  return Object.hasOwn(pipelineOperators, name) && !REFUSED.includes(name)
}

/** One operator on arguments that are evaluated already. */
export function mingoExpression(name: string, operand: unknown): unknown {
  const run = () => guard(() => evalExpr({}, { [name]: quoted(promoted(operand)) }, OPTIONS as unknown as Options))
  const isCostly = name.startsWith('$regex') ? isCostlySearch(operand) : isLongFormat(operand)
  return demoted(isCostly ? costly(run) : run())
}

/** Characters of a date's format, or of a date as text, that are gone through without a watch. */
const FORMAT_FREE_MAX = 1_000

/** mingo goes over a format once more for each of its parts. */
function isLongFormat(operand: unknown): boolean {
  const { format, dateString } = isDoc(operand) ? operand : {}
  return [format, dateString].some((text) => typeof text === 'string' && text.length > FORMAT_FREE_MAX)
}

/** A search goes over the text once more for everything that it finds. */
function isCostlySearch(operand: unknown): boolean {
  const { input, regex } = isDoc(operand) ? operand : {}
  if (typeof input !== 'string') return false
  if (typeof regex !== 'string' && rankOf(regex) !== RANK.regex) return false
  const pattern = typeof regex === 'string' ? compilePattern(regex, '') : patternOf(regex)
  return pattern.isCostly(input.length ** 2)
}

/** mingo answers with a list of one. */
const ONE_OF_MANY = new Set(['$top', '$bottom'])

/** One accumulator over the documents of a group; its operand is not evaluated. */
export function mingoAccumulator(name: string, operand: unknown, docs: readonly Doc[], variables: Doc): unknown {
  const options = { ...OPTIONS, variables: promoted(variables) as Doc }
  const result = guard(() => evalExpr(promoted(docs), { [name]: promoted(operand) }, options as unknown as Options))
  return demoted(ONE_OF_MANY.has(name) && Array.isArray(result) ? result[0] : result)
}

/** One stage over documents. They are made as they are asked for, where mingo can do that. */
export function* mingoStage(stage: Doc, docs: readonly Doc[], options: MingoOptions): Iterable<Doc> {
  const input = docs.map((doc, i) => ({ ...(promoted(doc) as Doc), [ORIGIN]: i }))
  const aggregator = new Aggregator([promoted(stage) as Doc], { ...OPTIONS, ...options })
  const results = guard(() => aggregator.stream(input))
  for (;;) {
    const { value, done } = guard(() => results.next()) as { readonly value: Doc | undefined; readonly done: boolean }
    if (done) return
    // $redact leaves holes where it prunes.
    if (value !== undefined) yield idFirst(restored(value, docs) as Doc)
  }
}

/** A field that tells of which document a result was made. No field of BSON can have such a name. */
const ORIGIN = '\0origin'

/** Demoted; where a document comes back at least in part, its values are what they were before they were promoted. */
function restored(value: unknown, docs: readonly Doc[], before?: unknown): unknown {
  if (before !== undefined && typeof value === 'number' && isNumeric(before)) {
    if (Object.is(toNumber(before), value)) return before
  }
  if (Array.isArray(value)) {
    const list = Array.isArray(before) ? (before as readonly unknown[]) : []
    return value.map((element: unknown, i) => restored(element, docs, list[i]) ?? null)
  }
  if (!isDoc(value)) return demoted(value)
  const origin = typeof value[ORIGIN] === 'number' ? docs[value[ORIGIN]] : before
  const result: Doc = {}
  for (const [name, field] of Object.entries(value)) {
    if (name === ORIGIN) continue
    const next = restored(field, docs, isDoc(origin) ? getField(origin, name) : undefined)
    if (next !== undefined) setField(result, name, next)
  }
  return result
}

function idFirst(doc: Doc): Doc {
  return hasField(doc, '_id') ? { _id: doc['_id'], ...doc } : doc
}

/** What mingo throws is the client's mistake, unless it is an error of ours on its way. */
function guard<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof CommandError || isRestart(error)) throw error
    const message = messageOf(error)
    if (message.includes('is not registered')) throw new CommandError(168, 'InvalidPipelineOperator', message)
    throw new CommandError(2, 'BadValue', message)
  }
}

export function promoted(value: unknown): unknown {
  spendOn(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(promoted)
  if (isDoc(value)) return mapped(value, promoted)
  if (isNumeric(value)) return toNumber(value)
  return bsonType(value) === 'BSONRegExp' ? patternOf(value).regex : value
}

export function demoted(value: unknown): unknown {
  spendOn(value)
  if (typeof value === 'number') return numberOf(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((element: unknown) => demoted(element) ?? null)
  if (isDoc(value)) return mapped(value, demoted)
  if (value instanceof RegExp) {
    const { pattern, options } = regexParts(value)
    return new BSONRegExp(pattern, options.replace('u', ''))
  }
  return value
}

/** Whole numbers as int, or as long when they do not fit; all else as double. */
function numberOf(value: number): Int32 | Long | Double {
  if (Object.is(value, -0) || !Number.isSafeInteger(value)) return new Double(value)
  return value === (value | 0) ? new Int32(value) : Long.fromNumber(value)
}

function mapped(doc: Doc, map: (value: unknown) => unknown): Doc {
  const result: Doc = {}
  const entries = Object.entries(doc)
  spend(entries.length)
  for (const [name, value] of entries) {
    const next = map(value)
    if (next !== undefined) setField(result, name, next)
  }
  return result
}

/** Values that mingo must not take for expressions. Lists stay lists and named arguments stay named. */
function quoted(operand: unknown): unknown {
  if (Array.isArray(operand)) return operand.map(quotedValue)
  return isDoc(operand) ? mapped(operand, quotedValue) : quotedValue(operand)
}

function quotedValue(value: unknown): unknown {
  const plain = typeof value === 'string' ? !value.startsWith('$') : typeof value !== 'object' || value === null
  return plain ? value : { $literal: value }
}
