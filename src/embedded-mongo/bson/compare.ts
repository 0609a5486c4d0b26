import type { Binary, Code, ObjectId, Timestamp } from 'bson'
import type { Collation } from './collation'
import { spend, spendOnText } from './effort'
import { compareNumbers } from './exact'
import { binaryBytes, docOf, RANK, rankOf, regexParts, textOf } from './types'
import type { Numeric } from './types'

/**
 * MongoDB's total order over all BSON types; numbers of all types compare by their exact value, and missing equals
 * null. https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/
 */
export function compareValues(a: unknown, b: unknown, collation?: Collation): number {
  if (typeof a === 'string' && typeof b === 'string') {
    return collation === undefined ? compareStrings(a, b) : collation.compareStrings(a, b)
  }
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  return difference !== 0 ? difference : compareSameRank(rank, a, b, collation)
}

export function valuesEqual(a: unknown, b: unknown, collation?: Collation): boolean {
  return compareValues(a, b, collation) === 0
}

function compareSameRank(rank: number, a: unknown, b: unknown, collation: Collation | undefined): number {
  switch (rank) {
    case RANK.number:
      return compareNumbers(a as Numeric, b as Numeric)
    case RANK.string:
      return compareValues(textOf(a), textOf(b), collation)
    case RANK.object:
      return compareDocs(a as object, b as object, collation)
    case RANK.array:
      return compareArrays(a as unknown[], b as unknown[], collation)
    case RANK.binary:
      return compareBinary(a as Binary, b as Binary)
    case RANK.objectId:
      return Buffer.compare((a as ObjectId).id, (b as ObjectId).id)
    case RANK.boolean:
      return Number(a) - Number(b)
    case RANK.date:
      return compareDates(a as Date, b as Date)
    case RANK.timestamp:
      return (a as Timestamp).compare(b as Timestamp)
    case RANK.regex:
      return compareRegexes(a, b)
    case RANK.code:
      return compareStrings((a as Code).code, (b as Code).code)
    case RANK.codeWithScope:
      return compareCodeWithScope(a as Code, b as Code)
    default:
      return 0
  }
}

/** By the bytes of UTF-8, which is by code points: UTF-16 has the astral characters in another place. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  spendOnText(length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointOrder(x) - codePointOrder(y)
  }
  return a.length - b.length
}

/** Lifts surrogates above U+E000–U+FFFF, where their code points are. */
function codePointOrder(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

/** Field by field: type, then name, then value; a document that ends first is less. */
function compareDocs(a: object, b: object, collation: Collation | undefined): number {
  const left = docOf(a)
  const right = docOf(b)
  const leftNames = Object.keys(left)
  const rightNames = Object.keys(right)
  const length = Math.min(leftNames.length, rightNames.length)
  spend(length)
  for (let i = 0; i < length; i++) {
    const leftName = leftNames[i] as string
    const rightName = rightNames[i] as string
    const x = left[leftName]
    const y = right[rightName]
    const order = rankOf(x) - rankOf(y) || compareStrings(leftName, rightName) || compareValues(x, y, collation)
    if (order !== 0) return order
  }
  return leftNames.length - rightNames.length
}

function compareArrays(a: readonly unknown[], b: readonly unknown[], collation: Collation | undefined): number {
  const length = Math.min(a.length, b.length)
  spend(length)
  for (let i = 0; i < length; i++) {
    const order = compareValues(a[i], b[i], collation)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareBinary(a: Binary, b: Binary): number {
  return a.position - b.position || a.sub_type - b.sub_type || Buffer.compare(binaryBytes(a), binaryBytes(b))
}

/** Dates that JavaScript cannot hold are NaN: they come first and equal each other, as in keys. */
function compareDates(a: Date, b: Date): number {
  const x = a.getTime()
  const y = b.getTime()
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(y)) - Number(Number.isNaN(x))
  return x - y
}

function compareRegexes(a: unknown, b: unknown): number {
  const x = regexParts(a)
  const y = regexParts(b)
  return compareStrings(x.pattern, y.pattern) || compareStrings(x.options, y.options)
}

function compareCodeWithScope(a: Code, b: Code): number {
  return compareStrings(a.code, b.code) || compareValues(a.scope ?? {}, b.scope ?? {})
}
