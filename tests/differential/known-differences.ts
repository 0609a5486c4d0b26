/** Where the other server differs, and why this engine answers as it does. */
export interface KnownDifference {
  readonly name: string
  /** What MongoDB does: by its manual where a page is named, else to our knowledge. */
  readonly mongodb: string
  /** `ours` and `theirs` are answers of compare.ts; `command` is the command as text. */
  readonly explains: (command: string, ours: string, theirs: string) => boolean
}

const DOTTED = '"[abc]\\.[xy]"'
const DISTINCT_DOTTED = new RegExp(`^{"distinct":"c\\d+","key":${DOTTED}`)
const EXCLUDES_DOTTED = new RegExp(`"\\$project":{${DOTTED}:{"\\$numberInt":"0"}`)
const SORTS_DOTTED = new RegExp(`"\\$?sort":{${DOTTED}`)

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'distinct on a path that leads through an array of documents finds nothing there',
    mongodb:
      'to our knowledge a path goes on in each element; of an array at its end each element is a value (distinct)',
    explains: (command, ours, theirs) => DISTINCT_DOTTED.test(command) && isPart(valuesOf(theirs), valuesOf(ours)),
  },
  {
    name: 'distinct keeps equal numbers of different types apart',
    mongodb:
      'Comparison/Sort Order: numbers compare whatever their types; which of them is shown is free, to our knowledge',
    explains: (command, ours, theirs) =>
      command.startsWith('{"distinct"') &&
      isPart(valuesOf(theirs), valuesOf(ours)) &&
      isPart(valuesOf(ours), valuesOf(theirs)),
  },
  {
    name: '$project that excludes a path leaves it in arrays of documents',
    mongodb: 'to our knowledge a path that is excluded is excluded in each element of an array',
    explains: (command, ours, theirs) => EXCLUDES_DOTTED.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: 'a sort by a path through an array of documents takes no account of elements without the field',
    mongodb:
      'Comparison/Sort Order: the least or greatest element counts; an element without the field as null, to our knowledge',
    explains: (command, ours, theirs) => SORTS_DOTTED.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: '$group takes [] and {} for one key',
    mongodb: 'Comparison/Sort Order: objects and arrays are types of their own',
    explains: (command, ours, theirs) => command.includes('"$group"') && (ours + theirs).includes('"_id":[]'),
  },
  {
    name: '$all with null does not find a missing field',
    mongodb: '$all: it is an $and of equalities; and one to null finds a missing field',
    explains: (command, ours, theirs) => /"\$all":\[[^\]]*null/.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: 'binary data compares by its bytes first',
    mongodb: 'Comparison/Sort Order: first the length, then the subtype, then the data byte by byte',
    explains: (command, ours, theirs) => /"\$[lg]te?":{"\$binary"/.test(command) && bothAnswer(ours, theirs),
  },
  {
    name: 'an index takes two arrays of one document',
    mongodb: 'Multikey Indexes: of the fields of a compound index at most one may be an array; 171, to our knowledge',
    explains: (_command, ours, theirs) => isRefused(ours, 171) && !isRefused(theirs, 171),
  },
]

function bothAnswer(ours: string, theirs: string): boolean {
  return !ours.startsWith('error') && !theirs.startsWith('error')
}

/** An error of the command, or of a statement in it. */
function isRefused(answer: string, code: number): boolean {
  return answer.startsWith(`error ${code}`) || answer.includes(`"codes":[{"$numberInt":"${code}"}]`)
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
