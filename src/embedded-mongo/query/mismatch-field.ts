import { getField, isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { compareStrings } from '../bson/compare'
import { isTruthy } from './expression'
import { typeName } from '../bson/types'
import { isArrayIndex } from './path'

/** A part of a filter that stands for itself: `{$or: …}`, or one operator on one field. */
export interface Clause {
  readonly filter: Doc
  readonly operator: string
  /** undefined for an operator that is on no field. */
  readonly path: string | undefined
  readonly operand: unknown
}

/** What is said of an operator that does not match, and below a negation of one that does. */
interface Reasons {
  readonly not: string
  readonly yet: string
  /** It can only match these. */
  readonly types?: readonly string[]
  /** It looks at an array as a whole. */
  readonly whole?: true
}

const COMPARISON: Reasons = { not: 'comparison failed', yet: 'comparison succeeded' }
const NUMBERS = ['decimal', 'double', 'int', 'long']
const BITS: Reasons = {
  not: 'bitwise operator failed to match',
  yet: 'bitwise operator matched successfully',
  types: ['binData', ...NUMBERS],
}

const REASONS: ReadonlyMap<string, Reasons> = new Map([
  ['$eq', COMPARISON],
  ['$gt', COMPARISON],
  ['$gte', COMPARISON],
  ['$lt', COMPARISON],
  ['$lte', COMPARISON],
  ['$ne', opposite(COMPARISON)],
  ['$in', { not: 'no matching value found in array', yet: 'matching value found in array' }],
  ['$nin', opposite({ not: 'no matching value found in array', yet: 'matching value found in array' })],
  ['$type', { not: 'type did not match', yet: 'type did match' }],
  [
    '$mod',
    {
      not: '$mod did not evaluate to expected remainder',
      yet: '$mod did evaluate to expected remainder',
      types: NUMBERS,
    },
  ],
  [
    '$regex',
    {
      not: 'regular expression did not match',
      yet: 'regular expression did match',
      types: ['regex', 'string', 'symbol'],
    },
  ],
  ['$bitsAllSet', BITS],
  ['$bitsAllClear', BITS],
  ['$bitsAnySet', BITS],
  ['$bitsAnyClear', BITS],
  [
    '$size',
    {
      not: 'array length was not equal to given size',
      yet: 'array length was equal to given size',
      types: ['array'],
      whole: true,
    },
  ],
  [
    '$elemMatch',
    {
      not: 'array did not satisfy the child predicate',
      yet: 'array did satisfy the child predicate',
      types: ['array'],
      whole: true,
    },
  ],
  [
    '$all',
    {
      not: 'array did not contain all specified values',
      yet: 'array did contain all specified values',
      whole: true,
    },
  ],
])

function opposite({ not, yet }: Reasons): Reasons {
  return { not: yet, yet: not }
}

export function explainField({ operator, operand, path, filter }: Clause, doc: Doc, matched: boolean): Doc {
  const named = { operatorName: operator, specifiedAs: filter }
  if (operator === '$exists') {
    return { ...named, reason: isTruthy(operand) === matched ? 'path does exist' : 'path does not exist' }
  }
  if (operator === '$all' && Array.isArray(operand) && operand.length === 0) {
    return { ...named, reason: `expression always evaluates to ${String(matched)}` }
  }
  const reasons = REASONS.get(operator)
  if (reasons === undefined) return named
  const values = valuesAt(doc, path ?? '', reasons.whole === true)
  if (values === undefined) return { ...named, reason: 'field was missing' }
  const types = [...new Set(values.map(typeName))].toSorted(compareStrings)
  const { types: expected } = reasons
  if (!matched && expected !== undefined && types.length > 0 && !types.some((type) => expected.includes(type))) {
    const wanted = expected.length === 1 ? { expectedType: expected[0] } : { expectedTypes: expected }
    return { ...named, reason: 'type did not match', ...showTypes(types), ...wanted, ...showValues(values) }
  }
  const reason = matched ? reasons.yet : reasons.not
  return { ...named, reason, ...showValues(values), ...(operator === '$type' ? showTypes(types) : {}) }
}

function showTypes(types: readonly string[]): Doc {
  if (types.length === 0) return {}
  return types.length === 1 ? { consideredType: types[0] } : { consideredTypes: types }
}

/** MongoDB's bound. */
const CONSIDERED_VALUES_MAX = 10

function showValues(values: readonly unknown[]): Doc {
  if (values.length === 1) return { consideredValue: values[0] }
  if (values.length <= CONSIDERED_VALUES_MAX) return { consideredValues: values }
  return { consideredValues: values.slice(0, CONSIDERED_VALUES_MAX), consideredValuesTruncated: true }
}

/** What an operator looks at; undefined where there is no such field. */
function valuesAt(doc: Doc, path: string, whole: boolean): readonly unknown[] | undefined {
  const ends = endsOf(doc, path.split('.'))
  if (ends.length === 0) return undefined
  return whole ? ends : ends.flat()
}

function endsOf(value: unknown, path: readonly string[]): readonly unknown[] {
  const [name, ...rest] = path
  if (name === undefined) return value === undefined ? [] : [value]
  if (isDoc(value)) return endsOf(getField(value, name), rest)
  if (!Array.isArray(value)) return []
  const inDocs = value.flatMap((element) => (isDoc(element) ? endsOf(element, path) : []))
  return isArrayIndex(name) ? [...inDocs, ...endsOf(value[Number(name)], rest)] : inDocs
}
