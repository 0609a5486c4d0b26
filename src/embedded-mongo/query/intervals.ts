import type { Collation } from '../bson/collation'
import { showValue } from '../bson/errors'
import { COMPARABLE_NUMBERS_START, encodeValue, invertBytes, prefixEnd, textPrefix } from '../bson/key-encoding'
import { isNaNValue } from '../bson/exact'
import { EMPTY_ARRAY, RANK, rankOf } from '../bson/types'
import type { Numeric } from '../bson/types'
import type { PathNode, Pattern } from './filter-tree'
import { SCAN_RANGES_MAX } from './limits'
import { literalPrefix } from './pattern'

/**
 * The values of one field between two ends. An end is the beginning of encoded values: a whole value, a type, or the
 * beginning of a string; an inclusive end takes in everything that begins with it.
 */
export interface Interval {
  readonly low: Buffer
  readonly lowInclusive: boolean
  readonly high: Buffer
  readonly highInclusive: boolean
  /** For explain: `[5, 5]`. */
  readonly show: () => string
}

/** What one condition says of its field, as ascending, disjoint intervals. */
export interface Bounds {
  readonly intervals: readonly Interval[]
  /** Every interval is a single value. */
  readonly points: boolean
  /** A value within the intervals fulfils the condition, also when the field holds or leads through arrays. */
  readonly exact: boolean
  /** The same, when no array is on the way. */
  readonly exactWithoutArrays: boolean
  /** Conditions of so few values (true, false, null) that their index finds a large part of the documents. */
  readonly weak: boolean
}

export function isPoint(interval: Interval): boolean {
  return interval.low === interval.high
}

function point(value: unknown): Interval {
  const key = encodeValue(value)
  const show = (): string => {
    const text = value === EMPTY_ARRAY ? 'undefined' : showValue(value)
    return `[${text}, ${text}]`
  }
  return { low: key, lowInclusive: true, high: key, highInclusive: true, show }
}

const isWeak = (value: unknown): boolean => typeof value === 'boolean' || value === null || value === undefined

/** undefined: the condition bounds no index, or none that has its strings under the collation. */
export function boundsOf(node: PathNode, collation?: Collation): Bounds | undefined {
  if (collation !== undefined) return collatedBounds(node, collation)
  switch (node.op) {
    case 'eq':
      return valueBounds(node.value)
    case 'in':
      return inBounds(node.values, node.patterns)
    case 'regex':
      return patternBounds(node.pattern)
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return rangeBounds(node.op, node.value)
    default:
      return undefined
  }
}

/** Equal strings have equal keys, but keys are in no order: what is in a range or matches a pattern is not known. */
function collatedBounds(node: PathNode, collation: Collation): Bounds | undefined {
  switch (node.op) {
    case 'eq':
      return { ...valueBounds(collation.indexKeyOf(node.value)), exact: false, exactWithoutArrays: false }
    case 'in':
      if (node.patterns.length > 0 || node.values.length > SCAN_RANGES_MAX) return undefined
      return {
        ...pointBounds(node.values.map((value) => collation.indexKeyOf(value))),
        exact: false,
        exactWithoutArrays: false,
      }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return mayHoldText(node.value) ? undefined : rangeBounds(node.op, node.value)
    default:
      return undefined
  }
}

export function mayHoldText(value: unknown): boolean {
  const rank = rankOf(value)
  return rank === RANK.string || rank === RANK.object || rank === RANK.array
}

/** The bounds of most queries. */
function valueBounds(value: unknown): Bounds {
  if (Array.isArray(value)) return pointBounds([value])
  const exact = value !== null && value !== undefined
  return { intervals: [point(value)], points: true, exact, exactWithoutArrays: true, weak: isWeak(value) }
}

function pointBounds(values: readonly unknown[]): Bounds {
  // An array is found by its first element (it may also be an element itself), then compared as a whole.
  const wanted = values.flatMap((value): readonly unknown[] => (Array.isArray(value) ? arrayPoints(value) : [value]))
  const hasArray = values.some(Array.isArray)
  const hasNull = values.some((value) => value === null || value === undefined)
  return {
    intervals: distinct(wanted.map(point)),
    points: true,
    exact: !hasArray && !hasNull,
    exactWithoutArrays: !hasArray,
    weak: values.every(isWeak),
  }
}

function arrayPoints(array: readonly unknown[]): readonly unknown[] {
  return [array.length > 0 ? array[0] : EMPTY_ARRAY, array]
}

function distinct(intervals: readonly Interval[]): readonly Interval[] {
  if (intervals.length === 1) return intervals
  const sorted = intervals.toSorted((a, b) => Buffer.compare(a.low, b.low))
  return sorted.filter((interval, i) => i === 0 || !interval.low.equals((sorted[i - 1] as Interval).low))
}

function inBounds(values: readonly unknown[], patterns: readonly Pattern[]): Bounds | undefined {
  if (values.length > SCAN_RANGES_MAX) return undefined
  const points = pointBounds(values)
  if (patterns.length === 0) return points
  const others = patterns.map(patternBounds)
  if (!others.every((bounds) => bounds !== undefined)) return undefined
  return {
    intervals: merge([...points.intervals, ...others.flatMap((bounds) => bounds.intervals)]),
    points: false,
    exact: points.exact && others.every((bounds) => bounds.exact),
    exactWithoutArrays: points.exactWithoutArrays && others.every((bounds) => bounds.exactWithoutArrays),
    weak: false,
  }
}

function patternBounds(pattern: Pattern): Bounds | undefined {
  const literal = literalPrefix(pattern)
  if (literal === undefined) return undefined
  const beginning = textPrefix(literal.prefix)
  const strings: Interval = {
    low: beginning,
    lowInclusive: true,
    high: Buffer.from(beginning),
    highInclusive: true,
    show: () => `["${literal.prefix}", "${literal.prefix}…"]`,
  }
  const itself = point(new RegExpValue(pattern))
  return {
    intervals: [strings, itself],
    points: false,
    exact: literal.whole,
    exactWithoutArrays: literal.whole,
    weak: false,
  }
}

/** A stored regular expression that is written like the pattern. */
class RegExpValue {
  readonly _bsontype = 'BSONRegExp'
  readonly pattern: string
  readonly options: string

  constructor(pattern: Pattern) {
    this.pattern = pattern.source
    this.options = pattern.options
  }
}

const NOTHING: Bounds = { intervals: [], points: false, exact: true, exactWithoutArrays: true, weak: false }

/** A range ends where the values of its type end. */
function rangeBounds(op: 'gt' | 'gte' | 'lt' | 'lte', value: unknown): Bounds | undefined {
  const rank = rankOf(value)
  const orEqual = op === 'gte' || op === 'lte'
  if (rank === RANK.array || rank === RANK.minKey || rank === RANK.maxKey) return undefined
  if (rank === RANK.null) return orEqual ? valueBounds(null) : NOTHING
  if (rank === RANK.number && isNaNValue(value as Numeric)) return orEqual ? valueBounds(value) : NOTHING
  const above = op === 'gt' || op === 'gte'
  const key = encodeValue(value)
  const typeLow = rank === RANK.number ? Buffer.from(COMPARABLE_NUMBERS_START) : Buffer.from([rank])
  const interval: Interval = above
    ? {
        low: key,
        lowInclusive: orEqual,
        high: Buffer.from([rank]),
        highInclusive: true,
        show: () => showAbove(value, orEqual),
      }
    : { low: typeLow, lowInclusive: true, high: key, highInclusive: orEqual, show: () => showBelow(value, orEqual) }
  return { intervals: [interval], points: false, exact: true, exactWithoutArrays: true, weak: false }
}

const TYPE_ENDS: Readonly<Record<number, readonly [string, string]>> = {
  [RANK.number]: ['-inf', 'inf'],
  [RANK.string]: ['""', '{}'],
  [RANK.object]: ['{}', '[]'],
  [RANK.date]: ['new Date(-9223372036854775808)', 'new Date(9223372036854775807)'],
  [RANK.boolean]: ['false', 'true'],
}

function showAbove(value: unknown, inclusive: boolean): string {
  return `${inclusive ? '[' : '('}${showValue(value)}, ${TYPE_ENDS[rankOf(value)]?.[1] ?? 'end of type'}]`
}

function showBelow(value: unknown, inclusive: boolean): string {
  return `[${TYPE_ENDS[rankOf(value)]?.[0] ?? 'start of type'}, ${showValue(value)}${inclusive ? ']' : ')'}`
}

/** The bytes from which an interval begins, and those before which it ends (undefined: it does not end). */
function startOf(interval: Interval): Buffer | undefined {
  return interval.lowInclusive ? interval.low : prefixEnd(interval.low)
}

function endOf(interval: Interval): Buffer | undefined {
  return interval.highInclusive ? prefixEnd(interval.high) : interval.high
}

/** An interval as half-open bytes, in the order of the index's field. undefined: there is nothing in it. */
export function bytesOf(
  interval: Interval,
  descending: boolean,
): { start: Buffer; end: Buffer | undefined } | undefined {
  if (isPoint(interval)) {
    const start = descending ? invertBytes(interval.low) : interval.low
    return { start, end: prefixEnd(start) }
  }
  const turned = descending
    ? {
        ...interval,
        low: invertBytes(interval.high),
        lowInclusive: interval.highInclusive,
        high: invertBytes(interval.low),
        highInclusive: interval.lowInclusive,
      }
    : interval
  const start = startOf(turned)
  const end = endOf(turned)
  if (start === undefined || (end !== undefined && Buffer.compare(start, end) >= 0)) return undefined
  return { start, end }
}

function isEmpty(interval: Interval): boolean {
  return bytesOf(interval, false) === undefined
}

/** Pairs of intervals that are looked at; beyond them one side must do, and what it finds is rechecked. */
const PAIRS_MAX = 10_000

/** Both must hold of the same value. */
export function intersect(a: Bounds, b: Bounds): Bounds {
  if (a.intervals.length * b.intervals.length > PAIRS_MAX) {
    const fewer = a.intervals.length <= b.intervals.length ? a : b
    return { ...fewer, exact: false, exactWithoutArrays: false, weak: a.weak || b.weak }
  }
  const intervals = a.intervals.flatMap((x) => b.intervals.map((y) => overlap(x, y)).filter((both) => !isEmpty(both)))
  return {
    intervals,
    points: intervals.length > 0 && intervals.every(isPoint),
    exact: a.exact && b.exact,
    exactWithoutArrays: a.exactWithoutArrays && b.exactWithoutArrays,
    weak: a.weak || b.weak,
  }
}

function overlap(x: Interval, y: Interval): Interval {
  if (isPoint(x) && covers(y, x)) return x
  if (isPoint(y) && covers(x, y)) return y
  const low = compareEnds(startOf(x), startOf(y)) >= 0 ? x : y
  const high = compareEnds(endOf(x), endOf(y)) <= 0 ? x : y
  return {
    low: low.low,
    lowInclusive: low.lowInclusive,
    high: low.low === high.high ? Buffer.from(high.high) : high.high,
    highInclusive: high.highInclusive,
    show: () => `${low.show().split(', ')[0] ?? ''}, ${high.show().split(', ').at(-1) ?? ''}`,
  }
}

function covers(outer: Interval, inner: Interval): boolean {
  return compareEnds(startOf(outer), startOf(inner)) <= 0 && compareEnds(endOf(outer), endOf(inner)) >= 0
}

/** undefined is beyond every key. */
function compareEnds(a: Buffer | undefined, b: Buffer | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return Buffer.compare(a, b)
}

/** Joins what overlaps, so that no entry is met twice. */
function merge(intervals: readonly Interval[]): readonly Interval[] {
  const merged: Interval[] = []
  for (const next of intervals.toSorted((a, b) => compareEnds(startOf(a), startOf(b)))) {
    const last = merged.at(-1)
    if (last === undefined || compareEnds(startOf(next), endOf(last)) >= 0) merged.push(next)
    else if (!covers(last, next))
      merged[merged.length - 1] = { ...last, high: next.high, highInclusive: next.highInclusive }
  }
  return merged
}
