import { isError } from './compare'
import type { Observation } from './rounds'

/** Where the other server differs, and why this engine answers as it does. */
export interface KnownDifference {
  readonly name: string
  /** What MongoDB does: by its manual where a page is named, else to our knowledge. */
  readonly mongodb: string
  /** Answers are those of compare.ts, and then the documents; the command is text. */
  readonly explains: (observation: Observation) => boolean
}

const DOTTED = '"[abc]\\.[xy]"'
const DISTINCT_DOTTED = new RegExp(`^{"distinct":"c\\d+","key":${DOTTED}`)
const SORTS_DOTTED = new RegExp(`"\\$?sort":{[^}]*}?,?${DOTTED}`)
const UNSETS_DOTTED = new RegExp(`"\\$unset":${DOTTED}`)

const RANGE = /"\$gte?":\{"\$number\w+":"([^"]*)"\},"\$lte?":\{"\$number\w+":"([^"]*)"\}/

interface WayOfWriting {
  readonly mongodb: string
  /** The commands of which it may be. */
  readonly of: RegExp
  readonly alike: (answer: string) => string
}

/** What is written in two ways, made one way; an answer may have several of them. */
const WAYS_OF_WRITING: readonly WayOfWriting[] = [
  {
    mongodb: '$unwind: the index of an element is a long, in the examples of includeArrayIndex; theirs is an int',
    of: /"includeArrayIndex"/,
    alike: (answer) => answer.replace(/"at":\{"\$numberLong":"(\d+)"\}/g, '"at":{"$numberInt":"$1"}'),
  },
  {
    mongodb: 'to our knowledge a path that is given a missing value makes an empty document; theirs makes none',
    of: /"d\.x"/,
    alike: (answer) => uncounted(answer.replace(/,?"d":\{\}/g, '')),
  },
  {
    mongodb: 'to our knowledge a double beside decimals counts as one of 15 digits, 1.00000000000000; theirs as 1',
    of: /"\$(?:avg|sum)"/,
    alike: (answer) => answer.replace(/("\$numberDecimal":"-?\d+)(\.\d*?)0*"/g, withoutZeros),
  },
  {
    mongodb: '$avg, $stdDevPop, $divide: say nothing of their last digits; doubles to twelve of them',
    of: /"\$(?:avg|stdDev\w+|divide)"/,
    alike: (answer) =>
      answer.replace(/"(-?\d+\.\d+(?:e[-+]?\d+)?)"/g, (_, digits: string) => `"${Number(digits).toPrecision(12)}"`),
  },
  {
    mongodb: '$toString, and $convert to a string: the examples of dates end in milliseconds and Z; theirs do not',
    of: /"\$(?:toString|convert)"/,
    alike: (answer) => answer.replace(/(\d\d:\d\d:\d\d)\.000Z"/g, '$1"'),
  },
]

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'it fails inside',
    mongodb: 'InternalError is no answer of MongoDB to a query',
    explains: ({ ours, theirs }) => theirs.startsWith('error 1 ') && !ours.startsWith('error'),
  },
  {
    name: 'distinct on a path that leads through an array of documents finds nothing there',
    mongodb:
      'to our knowledge a path goes on in each element; of an array at its end each element is a value (distinct)',
    explains: ({ command, ours, theirs }) => DISTINCT_DOTTED.test(command) && isPart(valuesOf(theirs), valuesOf(ours)),
  },
  {
    name: 'distinct keeps equal numbers of different types apart',
    mongodb:
      'Comparison/Sort Order: numbers compare whatever their types; which of them is shown is free, to our knowledge',
    explains: (observation) => observation.command.startsWith('{"distinct"') && sameDistinctValues(observation),
  },
  {
    name: 'distinct takes 1 for true, and 0 for false',
    mongodb: 'Comparison/Sort Order: booleans and numbers are types of their own',
    explains: ({ command, ours, theirs }) => {
      if (!command.startsWith('{"distinct"')) return false
      const [a, b] = [valuesOf(ours), valuesOf(theirs)]
      if (a === undefined || b === undefined || !isPart(b, a)) return false
      return [...a].every((value) => b.has(value) || ['"number 1"', '"number 0"', 'true', 'false'].includes(value))
    },
  },
  {
    name: '$indexOfArray and the operators on sets take 1 for true, and 0 for false',
    mongodb: 'Comparison/Sort Order: booleans and numbers are types of their own',
    explains: ({ command, before, ours, theirs }) =>
      /"\$(?:indexOfArray|set[A-Z]\w+)"/.test(command) && /true|false/.test(before) && bothAnswer(ours, theirs),
  },
  {
    name: '$unset in a pipeline leaves a path in arrays of documents',
    mongodb: 'to our knowledge a path that is excluded is excluded in each element of an array',
    explains: ({ command, ours, theirs }) => UNSETS_DOTTED.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: 'a sort by a path through an array of documents takes no account of elements without the field',
    mongodb:
      'Comparison/Sort Order: the least or greatest element counts; an element without the field as null, to our knowledge',
    explains: ({ command, ours, theirs }) => SORTS_DOTTED.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: '$group takes [] and {} for one key',
    mongodb: 'Comparison/Sort Order: objects and arrays are types of their own',
    explains: ({ command, ours, theirs }) => command.includes('"$group"') && (ours + theirs).includes('"_id":[]'),
  },
  {
    name: '$count tells of no documents',
    mongodb: '$count: it is a $group by null, and of no documents that makes no group',
    explains: ({ command, ours, theirs }) =>
      command.includes('{"$count":"n"}]') && ours === '[] ' && theirs === '[{"n":{"$numberInt":"0"}}] ',
  },
  {
    name: 'the way in which results are written',
    mongodb: 'of each way, see the list of them',
    explains: ({ command, ours, theirs }) => {
      const [a, b] = [alike(command, ours), alike(command, theirs)]
      return (a !== ours || b !== theirs) && sorted(a) === sorted(b)
    },
  },
  {
    name: 'what $mul leaves as it is counts as modified',
    mongodb: 'update: nModified counts the documents that are changed; the documents are the same here',
    explains: ({ command, ours, theirs }) => command.includes('"$mul"') && uncounted(ours) === uncounted(theirs),
  },
  {
    name: '$all with null does not find a missing field',
    mongodb: '$all: it is an $and of equalities; and one to null finds a missing field',
    explains: ({ command, ours, theirs }) => /"\$all":\[[^\]]*null/.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: 'binary data compares by its bytes first',
    mongodb: 'Comparison/Sort Order: first the length, then the subtype, then the data byte by byte',
    explains: ({ command, ours, theirs }) => /"\$[lg]te?":{"\$binary"/.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: 'a collation is not looked at in $not, $all, $elemMatch, ranges of strings, nor inside documents to sort by',
    mongodb: 'Collation: it is for all comparisons of strings of the operation',
    explains: ({ command, before, ours, theirs }) =>
      command.includes('"collation"') &&
      (/"\$(?:not|all|elemMatch)"|"\$[lg]te?":"/.test(command) || sortsDocuments(command, before)) &&
      bothAnswer(ours, theirs),
  },
  {
    name: 'with an index, a range that is upside down is not found in an array with an element for each end',
    mongodb: 'Multikey Index Bounds: the bounds of a range on an array are intersected for $elemMatch alone',
    explains: ({ command, before, ours, theirs }) =>
      isUpsideDown(RANGE.exec(command)) && before.includes('[') && bothAnswer(ours, theirs),
  },
  {
    name: 'how far a write to several documents came before one of them failed',
    mongodb: 'db.collection.updateMany(): what was written before an error stays; in which order is that of the plan',
    explains: (observation) => observation.command.includes('"multi":true') && brokeOff(observation),
  },
  {
    name: 'an expression of constants that cannot be computed fails though there is no document',
    mongodb: 'to our knowledge so does MongoDB; here nothing is computed before there is a document to compute it for',
    explains: ({ command, ours, theirs }) =>
      command.startsWith('{"aggregate"') &&
      /^\[(?:\{(?:"\w+":\[\],?)+\})?\] $/.test(ours) &&
      theirs.startsWith('error'),
  },
  {
    name: 'in a transaction an unordered write goes on after an error',
    mongodb: 'Transactions: an operation that fails ends the transaction',
    explains: ({ command, inTransaction, ours, theirs }) =>
      inTransaction && command.includes('"ordered":false') && isError(ours) && isError(theirs),
  },
]

/** The values are equal, whatever the types of their numbers. */
export function sameDistinctValues({ ours, theirs }: Observation): boolean {
  const [a, b] = [valuesOf(ours), valuesOf(theirs)]
  return isPart(a, b) && isPart(b, a)
}

function bothAnswer(ours: string, theirs: string): boolean {
  return !ours.startsWith('error') && !theirs.startsWith('error')
}

/** The lists of results come sorted by their text, which numbers of another type change. */
function sorted(answer: string): string {
  if (!answer.startsWith('[')) return answer
  return [...listOf(answer)].sort().join()
}

function alike(command: string, answer: string): string {
  return WAYS_OF_WRITING.reduce((text, way) => (way.of.test(command) ? way.alike(text) : text), answer)
}

function withoutZeros(_: string, whole: string, fraction: string): string {
  return `${whole}${fraction === '.' ? '' : fraction}"`
}

/** No single value is in such a range, but an array may have one element for each end. */
function isUpsideDown(range: RegExpExecArray | null): boolean {
  return range !== null && Number(range[1]) >= Number(range[2])
}

const CODES = /"codes":\[[^\]]+\]\}/

/** Both failed in the same way, and each document that differs is in one of them as it was. */
function brokeOff({ ours, theirs, before }: Observation): boolean {
  const [a, b] = [CODES.exec(ours), CODES.exec(theirs)]
  if (a === null || a[0] !== b?.[0]) return false
  const documentsAfter = (answer: string, codes: RegExpExecArray): readonly string[] =>
    listOf(answer.slice(codes.index + codes[0].length + 1))
  const [one, other] = [documentsAfter(ours, a), documentsAfter(theirs, b)]
  const unchanged = new Set(listOf(before))
  return (
    one.length === other.length &&
    one.every((document, i) => document === other[i] || unchanged.has(document) || unchanged.has(other[i] ?? ''))
  )
}

function listOf(text: string): readonly string[] {
  return text === '' ? [] : (JSON.parse(text) as unknown[]).map((value) => JSON.stringify(value))
}

function sortsDocuments(command: string, before: string): boolean {
  return command.includes('"sort":{"') && /"[abc]":\{"[xy]":/.test(before)
}

function uncounted(answer: string): string {
  return answer.replace(/"nModified":\{"\$numberInt":"\d+"\}/, '')
}

const NUMBER = /\{"\$number(?:Int|Long|Double|Decimal)":"([^"]*)"\}/g

/** The values of an answer, with numbers that are equal written alike; undefined for an error. */
function valuesOf(answer: string): ReadonlySet<string> | undefined {
  if (answer.startsWith('error')) return undefined
  const plain = answer.replace(NUMBER, (_, text: string) => JSON.stringify(`number ${Number(text)}`))
  return new Set((JSON.parse(plain) as unknown[]).map((value) => JSON.stringify(value)))
}

function isPart(part: ReadonlySet<string> | undefined, whole: ReadonlySet<string> | undefined): boolean {
  return part !== undefined && whole !== undefined && [...part].every((value) => whole.has(value))
}
