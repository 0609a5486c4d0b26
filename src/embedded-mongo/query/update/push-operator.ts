import { compareValues } from '../../bson/compare'
import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { spend } from '../../bson/effort'
import { badValue, showValue } from '../../bson/errors'
import { toNumber } from '../../bson/exact'
import { isNumeric, typeName } from '../../bson/types'
import { identical } from '../../bson/identical'
import { compileSort } from '../sort'
import type { CompileOperator, Run } from './modifier'

interface Push {
  readonly values: readonly unknown[]
  /** Where to insert; negative counts from the end. */
  readonly position: number | undefined
  readonly sort: ((a: unknown, b: unknown) => number) | undefined
  /** How many to keep: the first, or the last when negative. */
  readonly slice: number | undefined
}

/** $push: a value, or `{$each, $position, $sort, $slice}`: insert, then sort, then cut. */
export const compilePush: CompileOperator = (path, operand) => {
  const push = parsePush(operand)
  return [{ path, modifier: { apply: (current, run) => applyPush(push, path, current, run) } }]
}

const CLAUSES = new Set(['$each', '$position', '$sort', '$slice'])

function parsePush(operand: unknown): Push {
  if (!isDoc(operand) || !('$each' in operand)) {
    return { values: [operand], position: undefined, sort: undefined, slice: undefined }
  }
  const unknown = Object.keys(operand).find((name) => !CLAUSES.has(name))
  if (unknown !== undefined) throw badValue(`Unrecognized clause in $push: ${unknown}`)
  const each = operand['$each']
  if (!Array.isArray(each)) {
    throw badValue(`The argument to $each in $push must be an array but it was of type: ${typeName(each)}`)
  }
  return {
    values: each,
    position: integerClause('$position', operand),
    sort: operand['$sort'] === undefined ? undefined : elementOrder(operand['$sort']),
    slice: integerClause('$slice', operand),
  }
}

function integerClause(name: string, clauses: Doc): number | undefined {
  const value = clauses[name]
  if (value === undefined) return undefined
  const number = isNumeric(value) ? toNumber(value) : NaN
  if (Number.isInteger(number)) return number
  throw badValue(
    isNumeric(value)
      ? `The value for ${name} must be an integer value, not: ${showValue(value)}`
      : `The value for ${name} must be an integer value but was given type: ${typeName(value)}`,
  )
}

function elementOrder(spec: unknown): (a: unknown, b: unknown) => number {
  if (isNumeric(spec)) {
    const direction = toNumber(spec)
    if (direction !== 1 && direction !== -1) throw badValue('The $sort element value must be either 1 or -1')
    return (a, b) => direction * compareValues(a, b)
  }
  if (!isDoc(spec)) {
    throw badValue('The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields')
  }
  if (Object.keys(spec).length === 0) {
    throw badValue('The $sort pattern is empty when it should be a set of fields.')
  }
  const order = compileSort(spec)
  // An element that is no document has none of the fields.
  return (a, b) => order(isDoc(a) ? a : {}, isDoc(b) ? b : {})
}

function applyPush(push: Push, path: string, current: unknown, { root }: Run): unknown {
  if (current !== undefined && !Array.isArray(current)) {
    throw badValue(
      `The field '${path}' must be an array but is of type ${typeName(current)} in document {_id: ${showValue(root['_id'])}}`,
    )
  }
  const before = (current as readonly unknown[] | undefined) ?? []
  spend(before.length + push.values.length)
  const inserted = insertAt(before, push.values, push.position)
  // Stable, as MongoDB's.
  if (push.sort !== undefined) inserted.sort(push.sort)
  const next = push.slice === undefined ? inserted : cut(inserted, push.slice)
  return current !== undefined && identical(current, next) ? current : next
}

function insertAt(array: readonly unknown[], values: readonly unknown[], position: number | undefined): unknown[] {
  if (position === undefined || position >= array.length) return [...array, ...values]
  const at = position < 0 ? Math.max(array.length + position, 0) : position
  return [...array.slice(0, at), ...values, ...array.slice(at)]
}

function cut(array: unknown[], slice: number): unknown[] {
  if (slice === 0) return []
  return slice > 0 ? array.slice(0, slice) : array.slice(slice)
}
