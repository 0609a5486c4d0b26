import { Int32 } from 'bson'
import { compareValues, valuesEqual } from '../../../bson/compare'
import { isDoc, setField } from '../../../bson/doc'
import type { Doc } from '../../../bson/doc'
import { spend } from '../../../bson/effort'
import { CommandError, showValue } from '../../../bson/errors'
import { toNumber } from '../../../bson/exact'
import { isNumeric, typeName } from '../../../bson/types'
import { compileSort } from '../../sort'
import { valueSet } from '../value-map'
import type { ValueSet } from '../value-map'
import { located, namedArguments, paid, values, variadic } from './arguments'
import type { CompileOperation, Environment } from './environment'
import { isNullish, isTruthy, withVariables } from './environment'

/** Bound on the elements that one $range may make. */
const RANGE_ELEMENTS_MAX = 1_000_000

function arrayOf(name: string, code: number, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw located(code, `${name}'s argument must be an array, but is ${typeName(value)}`)
}

export function integerOf(name: string, value: unknown): number {
  const number = isNumeric(value) ? toNumber(value) : NaN
  if (Number.isInteger(number)) return number
  throw located(28690, `${name}'s argument must be representable as a 32-bit integer: ${typeName(value)}`)
}

function at(name: string, value: unknown, index: number): unknown {
  return isNullish(value) ? null : arrayOf(name, 28689, value).at(index)
}

function variableName(name: unknown): string {
  if (name === undefined) return 'this'
  if (typeof name === 'string' && /^[a-z][\w]*$/i.test(name)) return name
  throw new CommandError(9, 'FailedToParse', `${showValue(name)} is not a valid name for a variable`)
}

/** An environment of its own, made once for all elements: nobody keeps it beyond the evaluation of one. */
function scope(env: Environment): Environment {
  return withVariables(env, {})
}

const map: CompileOperation = (operand, compile, name) => {
  const named = namedArguments(operand, name, ['input', 'in'], ['as'])
  const [input, body] = [compile(named['input']), compile(named['in'])]
  const variable = variableName(named['as'])
  return (env) => {
    const array = paid(input(env))
    if (isNullish(array)) return null
    const inner = scope(env)
    return arrayOf(name, 16883, array).map((element) => {
      inner.variables[variable] = element
      return body(inner) ?? null
    })
  }
}

const filter: CompileOperation = (operand, compile, name) => {
  const named = namedArguments(operand, name, ['input', 'cond'], ['as', 'limit'])
  const [input, test, limit] = [compile(named['input']), compile(named['cond']), compile(named['limit'] ?? null)]
  const variable = variableName(named['as'])
  return (env) => {
    const array = paid(input(env))
    if (isNullish(array)) return null
    const most = limit(env)
    const inner = scope(env)
    const found = arrayOf(name, 28651, array).filter((element) => {
      inner.variables[variable] = element
      return isTruthy(test(inner))
    })
    return isNullish(most) ? found : found.slice(0, integerOf(name, most))
  }
}

const reduce: CompileOperation = (operand, compile, name) => {
  const named = namedArguments(operand, name, ['input', 'initialValue', 'in'])
  const [input, initial, body] = [compile(named['input']), compile(named['initialValue']), compile(named['in'])]
  return (env) => {
    const array = paid(input(env))
    if (isNullish(array)) return null
    const inner = scope(env)
    return arrayOf(name, 40080, array).reduce((value, element) => {
      inner.variables['value'] = value
      inner.variables['this'] = element
      return body(inner)
    }, initial(env))
  }
}

const slice = values(2, 3, (array, second, third) => {
  if ([array, second].some(isNullish) || third === null) return null
  const elements = arrayOf('$slice', 28724, array)
  const first = integerOf('$slice', second)
  if (third === undefined) return first < 0 ? elements.slice(first) : elements.slice(0, first)
  const count = integerOf('$slice', third)
  if (count <= 0) throw located(28729, `Third argument to $slice must be positive: ${count}`)
  const start = first < 0 ? Math.max(elements.length + first, 0) : first
  return elements.slice(start, start + count)
})

const range = values(2, 3, (from, to, by) => {
  const [start, end] = [integerOf('$range', from), integerOf('$range', to)]
  const step = by === undefined ? 1 : integerOf('$range', by)
  if (step === 0) throw located(34449, '$range requires a non-zero step value')
  const count = Math.max(Math.ceil((end - start) / step), 0)
  if (count > RANGE_ELEMENTS_MAX) throw located(146, `$range would make more than ${RANGE_ELEMENTS_MAX} elements`)
  spend(count)
  return Array.from({ length: count }, (_, i) => new Int32(start + i * step))
})

const indexOfArray = values(2, 4, (array, sought, from, to) => {
  if (isNullish(array)) return null
  const elements = arrayOf('$indexOfArray', 40090, array)
  const end = to === undefined ? elements.length : Math.min(integerOf('$indexOfArray', to), elements.length)
  for (let i = from === undefined ? 0 : integerOf('$indexOfArray', from); i < end; i++) {
    if (valuesEqual(elements[i], sought)) return new Int32(i)
  }
  return new Int32(-1)
})

const concatArrays = variadic((args) =>
  args.some(isNullish) ? null : args.flatMap((arg) => arrayOf('$concatArrays', 28664, arg)),
)

/** Each value once, in MongoDB's order, as its sets are. */
export function asSet(elements: readonly unknown[]): unknown[] {
  const sorted = elements.toSorted((a, b) => compareValues(a, b))
  return sorted.filter((element, i) => i === 0 || !valuesEqual(element, sorted[i - 1]))
}

function has(elements: readonly unknown[], value: unknown): boolean {
  return elements.some((element) => valuesEqual(element, value))
}

/** For many questions about the same elements. */
function setOf(elements: readonly unknown[]): ValueSet {
  const set = valueSet()
  for (const element of elements) set.add(element ?? null)
  return set
}

const setUnion = variadic((args) =>
  args.some(isNullish) ? null : asSet(args.flatMap((arg) => arrayOf('$setUnion', 17043, arg))),
)

const setIntersection = variadic((args) => {
  if (args.some(isNullish)) return null
  const [first = [], ...rest] = args.map((arg) => arrayOf('$setIntersection', 17047, arg))
  const others = rest.map(setOf)
  return asSet(first.filter((element) => others.every((other) => other.has(element ?? null))))
})

const setDifference = values(2, 2, (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  const seen = setOf(arrayOf('$setDifference', 17049, b))
  return arrayOf('$setDifference', 17048, a).filter((element) => seen.add(element ?? null))
})

const setEquals = variadic((args) => {
  const [first = [], ...rest] = args.map((arg) => asSet(arrayOf('$setEquals', 17044, arg)))
  return rest.every((other) => valuesEqual(first, other))
})

const sortArray: CompileOperation = (operand, compile, name) => {
  const named = namedArguments(operand, name, ['input', 'sortBy'])
  const input = compile(named['input'])
  const order = elementOrder(named['sortBy'])
  return (env) => {
    const array = paid(input(env))
    return isNullish(array) ? null : arrayOf(name, 2942504, array).toSorted(order)
  }
}

function elementOrder(spec: unknown): (a: unknown, b: unknown) => number {
  if (isDoc(spec)) {
    const order = compileSort(spec)
    return (a, b) => order(isDoc(a) ? a : {}, isDoc(b) ? b : {})
  }
  const direction = isNumeric(spec) ? toNumber(spec) : NaN
  if (direction !== 1 && direction !== -1) throw located(2942507, '$sortArray: sortBy must be 1, -1 or an object')
  return (a, b) => direction * compareValues(a, b)
}

const arrayToObject = values(1, 1, (value) => {
  if (isNullish(value)) return null
  const result: Doc = {}
  for (const entry of arrayOf('$arrayToObject', 40386, value)) {
    const [key, content] = pairOf(entry)
    if (typeof key !== 'string') throw located(40394, '$arrayToObject requires keys that are strings')
    setField(result, key, content)
  }
  return result
})

function pairOf(entry: unknown): readonly unknown[] {
  if (Array.isArray(entry)) {
    if (entry.length === 2) return entry
    throw located(40397, `$arrayToObject requires an array of size 2 arrays, found array of size: ${entry.length}`)
  }
  if (!isDoc(entry)) throw located(40398, `Unrecognised input type format for $arrayToObject: ${typeName(entry)}`)
  const size = Object.keys(entry).length
  if (size !== 2) {
    throw located(
      40392,
      `$arrayToObject requires an object with keys 'k' and 'v'. Found incorrect number of keys: ${size}`,
    )
  }
  if (!('k' in entry && 'v' in entry)) throw located(40393, "$arrayToObject requires an object with keys 'k' and 'v'")
  return [entry['k'], entry['v']]
}

const objectToArray = values(1, 1, (value) => {
  if (isNullish(value)) return null
  if (!isDoc(value)) throw located(40390, `$objectToArray requires a document input, found: ${typeName(value)}`)
  const entries = Object.entries(value)
  spend(entries.length)
  return entries.map(([k, v]) => ({ k, v }))
})

export const ARRAYS: Readonly<Record<string, CompileOperation>> = {
  $allElementsTrue: values(1, 1, (value) => arrayOf('$allElementsTrue', 17040, value).every(isTruthy)),
  $anyElementTrue: values(1, 1, (value) => arrayOf('$anyElementTrue', 17041, value).some(isTruthy)),
  $arrayElemAt: values(2, 2, (array, index) =>
    isNullish(index) ? null : at('$arrayElemAt', array, integerOf('$arrayElemAt', index)),
  ),
  $arrayToObject: arrayToObject,
  $concatArrays: concatArrays,
  $filter: filter,
  $first: values(1, 1, (array) => at('$first', array, 0)),
  $in: values(2, 2, (value, array) => has(arrayOf('$in', 40081, array), value)),
  $indexOfArray: indexOfArray,
  $isArray: values(1, 1, (value) => Array.isArray(value)),
  $last: values(1, 1, (array) => at('$last', array, -1)),
  $map: map,
  $objectToArray: objectToArray,
  $range: range,
  $reduce: reduce,
  $reverseArray: values(1, 1, (value) =>
    isNullish(value) ? null : arrayOf('$reverseArray', 34435, value).toReversed(),
  ),
  $setDifference: setDifference,
  $setEquals: setEquals,
  $setIntersection: setIntersection,
  $setIsSubset: values(2, 2, (a, b) => {
    const superset = setOf(arrayOf('$setIsSubset', 17042, b))
    return arrayOf('$setIsSubset', 17046, a).every((element) => superset.has(element ?? null))
  }),
  $setUnion: setUnion,
  $size: values(1, 1, (value) => new Int32(arrayOf('$size', 17124, value).length)),
  $slice: slice,
  $sortArray: sortArray,
}
