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
    name: '$unwind writes the index of an element as an int',
    mongodb: '$unwind: the index is a long, in the examples of includeArrayIndex',
    explains: ({ ours, theirs }) => {
      const withInts = ours.replace(/"at":\{"\$numberLong":"(\d+)"\}/g, '"at":{"$numberInt":"$1"}')
      return withInts !== ours && sorted(withInts) === sorted(theirs)
    },
  },
  {
    name: 'a path that is given a missing value makes no document around it',
    mongodb: 'to our knowledge the document of the computed fields is made, and is empty',
    explains: ({ ours, theirs }) => {
      const without = ours.replace(/,?"d":\{\}/g, '')
      return without !== ours && sorted(uncounted(without)) === sorted(uncounted(theirs))
    },
  },
  {
    name: 'the last digits of means and standard deviations',
    mongodb: '$avg, $stdDevPop: say nothing of the way in which they are computed',
    explains: ({ command, ours, theirs }) =>
      /"\$(?:avg|stdDev)/.test(command) && sorted(rounded(ours)) === sorted(rounded(theirs)),
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
    name: 'a collation is not looked at in $not and $all',
    mongodb: 'Collation: it is for all comparisons of strings of the operation',
    explains: ({ command, ours, theirs }) =>
      command.includes('"collation"') && /"\$(?:not|all)"/.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: 'a date as text has neither milliseconds nor a zone',
    mongodb: '$toString, and $convert to a string: the examples of dates end in milliseconds and Z',
    explains: ({ ours, theirs }) => {
      const shortened = ours.replace(/(\d\d:\d\d:\d\d)\.000Z"/g, '$1"')
      return shortened !== ours && sorted(shortened) === sorted(theirs)
    },
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
  return (JSON.parse(answer) as unknown[])
    .map((value) => JSON.stringify(value))
    .sort()
    .join()
}

/** Doubles to twelve digits. */
function rounded(answer: string): string {
  return answer.replace(/"(-?\d+\.\d+)"/g, (_, digits: string) => `"${Number(digits).toPrecision(12)}"`)
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
