import type { ObjectId } from 'bson'
import type { Collation } from '../bson/collation'
import { compareValues, valuesEqual } from '../bson/compare'
import { isDoc } from '../bson/doc'
import { hold, isNaNValue } from '../bson/exact'
import { bsonType, isNumeric, RANK, rankOf, regexParts, textOf, typeName } from '../bson/types'
import { findsAll } from './filter-all'
import { membership } from './filter-in'
import type { CompareOp, FilterNode, PathNode, Pattern } from './filter-tree'
import { costly } from './guard'
import { onPath } from './path'
import type { DocTest, Leaf, MatchTrace, ValueTest } from './path'

/** Makes one closure of a filter's tree; documents cost no allocation. */
export function compileNode(node: FilterNode, collation: Collation | undefined): DocTest {
  switch (node.op) {
    case 'and':
      return every(node.children.map((child) => compileNode(child, collation)))
    case 'or':
      return some(node.children.map((child) => compileNode(child, collation)))
    case 'nor':
      return negate(some(node.children.map((child) => compileNode(child, collation))))
    case 'not':
      return negate(compileNode(node.child, collation))
    case 'expr':
      return node.evaluate
    case 'constant':
      return () => node.value
    case 'all':
      return hasAll(node, collation)
    default:
      return onPath(node.path, leafOf(node), compileValueTest(node, collation))
  }
}

type Test<T> = (value: T, trace?: MatchTrace) => boolean

function every<T>(tests: readonly Test<T>[]): Test<T> {
  const [first, second] = tests
  if (first === undefined) return () => true
  if (second === undefined) return first
  if (tests.length === 2) return (value, trace) => first(value, trace) && second(value, trace)
  return (value, trace) => {
    for (const test of tests) if (!test(value, trace)) return false
    return true
  }
}

function some<T>(tests: readonly Test<T>[]): Test<T> {
  return (value, trace) => {
    for (const test of tests) if (test(value, trace)) return true
    return false
  }
}

/** A negated condition is true of no place in particular: it leaves no trace. */
function negate<T>(test: Test<T>): Test<T> {
  return (value) => !test(value)
}

/** As one condition for each would: the last of them says where. A collation tells equal strings only by comparing. */
function hasAll({ path, values }: Extract<PathNode, { op: 'all' }>, collation: Collation | undefined): DocTest {
  const tests = (collation === undefined ? values.slice(-1) : values).map((value) =>
    onPath(path, 'each', equals(value, collation)),
  )
  return every(collation === undefined ? [findsAll(path, values), ...tests] : tests)
}

function leafOf(node: PathNode): Leaf {
  return node.op === 'exists' || node.op === 'size' || node.op === 'elemMatch' ? 'whole' : 'each'
}

/** The conditions of an $elemMatch on values: each looks at the element itself. */
function compileElementTest(node: FilterNode, collation: Collation | undefined): ValueTest {
  switch (node.op) {
    case 'and':
      return every(node.children.map((child) => compileElementTest(child, collation)))
    case 'not':
      return negate(compileElementTest(node.child, collation))
    case 'or':
    case 'nor':
    case 'expr':
    case 'constant':
      return node.op === 'constant' ? () => node.value : () => false
    default:
      return compileValueTest(node, collation)
  }
}

function compileValueTest(node: PathNode, collation: Collation | undefined): ValueTest {
  switch (node.op) {
    case 'eq':
      return equals(node.value, collation)
    case 'all':
      return every(node.values.map((value) => equals(value, collation)))
    case 'in':
      return isIn(node.values, node.patterns, collation)
    case 'regex':
      return matchesPattern(node.pattern)
    case 'exists':
      return (value) => value !== undefined
    case 'type':
      return (value) => value !== undefined && node.types.has(typeName(value))
    case 'size':
      return (value) => Array.isArray(value) && value.length === node.size
    case 'custom':
      return node.test
    case 'elemMatch':
      return elemMatch(node.child, node.on, collation)
    default:
      return compares(node.op, node.value, collation)
  }
}

function equals(operand: unknown, collation: Collation | undefined): ValueTest {
  if (operand === null || operand === undefined) return (value) => value === null || value === undefined
  if (typeof operand === 'string' && collation === undefined) {
    return (value) => value === operand || (typeof value === 'object' && valuesEqual(value, operand))
  }
  if (typeof operand === 'boolean') return (value) => value === operand
  if (bsonType(operand) === 'ObjectId') return equalsObjectId(operand as ObjectId)
  if (isNumeric(operand)) return equalsNumber(operand)
  return (value) => value !== undefined && valuesEqual(value, operand, collation)
}

function equalsObjectId(operand: ObjectId): ValueTest {
  const id = operand.id
  return (value) => bsonType(value) === 'ObjectId' && Buffer.compare((value as ObjectId).id, id) === 0
}

function equalsNumber(operand: unknown): ValueTest {
  const held = isNumeric(operand) ? hold(operand) : NaN
  // The hot case is two doubles or integers that JavaScript compares itself.
  if (typeof held === 'number' && !Number.isNaN(held)) {
    return (value) => {
      if (!isNumeric(value)) return false
      const other = hold(value)
      return other === held
    }
  }
  return (value) => isNumeric(value) && valuesEqual(value, operand)
}

function isIn(values: readonly unknown[], patterns: readonly Pattern[], collation: Collation | undefined): ValueTest {
  const isListed = membership(values, collation)
  const matching = patterns.map(matchesPattern)
  return (value) => isListed(value) || matching.some((test) => test(value))
}

/** A pattern matches the strings that it describes, and the regular expression that is written like it. */
export function matchesPattern(pattern: Pattern): ValueTest {
  const { regex } = pattern
  const test = (text: string): boolean =>
    pattern.isCostly(text.length) ? costly(() => regex.test(text)) : regex.test(text)
  return (value) => {
    if (typeof value === 'string') return test(value)
    const rank = rankOf(value)
    if (rank === RANK.string) return test(textOf(value))
    if (rank !== RANK.regex) return false
    const parts = regexParts(value)
    return parts.pattern === pattern.source && parts.options === pattern.options
  }
}

/** Comparisons stay within the type of their operand, but for MinKey and MaxKey. NaN is in no range but its own. */
function compares(op: Exclude<CompareOp, 'eq'>, operand: unknown, collation: Collation | undefined): ValueTest {
  const rank = rankOf(operand)
  const orEqual = op === 'gte' || op === 'lte'
  const above = op === 'gt' || op === 'gte'
  if (rank === RANK.minKey || rank === RANK.maxKey) return comparesWithEnd(rank, above, orEqual)
  if (rank === RANK.number && isNaNValue(operand as number)) {
    return (value) => orEqual && isNumeric(value) && isNaNValue(value)
  }
  if (rank === RANK.date) return comparesDates(operand as Date, above, orEqual)
  const isNumber = rank === RANK.number
  return (value) => {
    if (rankOf(value) !== rank) return false
    const order = compareValues(value, operand, collation)
    if (order === 0) return orEqual
    return above ? order > 0 : order < 0 && !(isNumber && isNaNValue(value as number))
  }
}

function comparesDates(operand: Date, above: boolean, orEqual: boolean): ValueTest {
  return (value) => {
    if (!(value instanceof Date)) return false
    const order = compareValues(value, operand)
    return order === 0 ? orEqual : above ? order > 0 : order < 0
  }
}

function comparesWithEnd(end: number, above: boolean, orEqual: boolean): ValueTest {
  return (value) => (rankOf(value) === end ? orEqual : above === (end === RANK.minKey))
}

function elemMatch(child: FilterNode, on: 'documents' | 'values', collation: Collation | undefined): ValueTest {
  const test: ValueTest =
    on === 'values' ? compileElementTest(child, collation) : onElement(compileNode(child, collation))
  return (value, trace) => {
    if (!Array.isArray(value)) return false
    for (let i = 0; i < value.length; i++) {
      if (test(value[i])) {
        if (trace !== undefined) trace.arrayIndex = i
        return true
      }
    }
    return false
  }
}

/** A nested array counts as a document whose fields are its indexes. */
function onElement(test: DocTest): ValueTest {
  return (element) => {
    if (isDoc(element)) return test(element)
    return Array.isArray(element) && test(Object.fromEntries<unknown>(element.entries()))
  }
}
