import { valuesEqual } from '../../bson/compare'
import { isDoc } from '../../bson/doc'
import { spend } from '../../bson/effort'
import { badValue, failedToParse, showValue, typeMismatch } from '../../bson/errors'
import { toNumber } from '../../bson/exact'
import { isNumeric, RANK, rankOf, typeName } from '../../bson/types'
import { compileFilter } from '../filter'
import { valueSet } from '../aggregate/value-map'
import type { ValueSet } from '../aggregate/value-map'
import type { CompileOperator, Modifier } from './modifier'

/** As many values are compared one by one; for more a set is worth its making. */
const FEW = 8

function setOf(values: readonly unknown[]): ValueSet {
  const set = valueSet()
  for (const value of values) set.add(value)
  return set
}

/** $addToSet: a value, or `{$each: [...]}`; what is there already, by value, is not added. */
export const compileAddToSet: CompileOperator = (path, operand) => {
  const additions = setOperand(operand)
  return [{ path, modifier: { apply: (current) => addToSet(additions, path, current) } }]
}

function setOperand(operand: unknown): readonly unknown[] {
  if (!isDoc(operand) || Object.keys(operand)[0] !== '$each') return [operand]
  const each = operand['$each']
  if (!Array.isArray(each)) {
    throw typeMismatch(`The argument to $each in $addToSet must be an array but it was of type ${typeName(each)}`)
  }
  if (Object.keys(operand).length > 1) {
    throw badValue(`Found unexpected fields after $each in $addToSet: ${showValue(operand)}`)
  }
  return each
}

function addToSet(additions: readonly unknown[], path: string, current: unknown): unknown {
  if (current !== undefined && !Array.isArray(current)) {
    throw badValue(
      `Cannot apply $addToSet to non-array field. Field named '${path.slice(path.lastIndexOf('.') + 1)}' has non-array type ${typeName(current)}`,
    )
  }
  const next: unknown[] = [...((current as readonly unknown[] | undefined) ?? [])]
  const before = next.length
  const known = additions.length > FEW ? setOf(next) : undefined
  for (const value of additions) {
    if (known?.add(value) ?? !next.some((element) => valuesEqual(element, value))) next.push(value)
  }
  return current !== undefined && next.length === before ? current : next
}

/** $pop: 1 takes the last element, -1 the first. */
export const compilePop: CompileOperator = (path, operand) => {
  const side = isNumeric(operand) ? toNumber(operand) : NaN
  if (Number.isNaN(side)) throw failedToParse(`Expected a number in: ${path}: ${showValue(operand)}`)
  if (side !== 1 && side !== -1) throw failedToParse(`$pop expects 1 or -1, found: ${showValue(operand)}`)
  return [{ path, modifier: popping(path, side) }]
}

function popping(path: string, side: 1 | -1): Modifier {
  return {
    apply: (current) => {
      if (current === undefined) return current
      if (!Array.isArray(current)) {
        throw typeMismatch(`Path '${path}' contains an element of non-array type '${typeName(current)}'`)
      }
      const array: readonly unknown[] = current
      if (array.length === 0) return array
      return side === 1 ? array.slice(0, -1) : array.slice(1)
    },
  }
}

/** $pull: takes away the elements that equal a value or match a condition. */
export const compilePull: CompileOperator = (path, operand) => [
  { path, modifier: removing('$pull', pullTest(operand)) },
]

/** $pullAll: takes away the elements that equal one of a list. */
export const compilePullAll: CompileOperator = (path, operand) => {
  if (!Array.isArray(operand)) {
    throw badValue(`$pullAll requires an array argument but was given a ${typeName(operand)}`)
  }
  return [
    {
      path,
      modifier: removing('$pullAll', isOneOf(operand)),
    },
  ]
}

function isOneOf(list: readonly unknown[]): (element: unknown) => boolean {
  if (list.length <= FEW) return (element) => list.some((value) => valuesEqual(element, value))
  const set = setOf(list)
  return (element) => set.has(element)
}

/** Conditions on the element as a document, though they begin with a dollar. */
const LOGICAL = new Set(['$and', '$or', '$nor', '$expr', '$comment'])

function pullTest(operand: unknown): (element: unknown) => boolean {
  if (isDoc(operand)) {
    const first = Object.keys(operand)[0]
    if (first === undefined || !first.startsWith('$') || LOGICAL.has(first)) {
      const filter = compileFilter(operand)
      return (element) => isDoc(element) && filter.matches(element)
    }
  } else if (rankOf(operand) !== RANK.regex) {
    return (element) => valuesEqual(element, operand)
  }
  const filter = compileFilter({ element: operand })
  return (element) => filter.matches({ element })
}

function removing(operator: string, test: (element: unknown) => boolean): Modifier {
  return {
    apply: (current) => {
      if (current === undefined) return current
      if (!Array.isArray(current)) throw badValue(`Cannot apply ${operator} to a non-array value`)
      const array: readonly unknown[] = current
      spend(array.length)
      const kept = array.filter((element) => !test(element))
      return kept.length === array.length ? array : kept
    },
  }
}
