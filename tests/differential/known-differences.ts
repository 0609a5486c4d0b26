/** Where the other server is wrong, or free to choose, and what says so. */
export interface KnownDifference {
  readonly name: string
  /** The words of MongoDB's manual, or where they are. */
  readonly manual: string
  /** `ours` and `theirs` are answers of compare.ts; `command` is the command as text. */
  readonly explains: (command: string, ours: string, theirs: string) => boolean
}

const DOTTED = '"[abc]\\.[xy]"'

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'distinct on a path that leads through an array of documents finds nothing there',
    manual: 'db.collection.distinct(), Array Fields: "considers each element of the array as a separate value"',
    explains: (command) => new RegExp(`^{"distinct":"c\\d+","key":${DOTTED}`).test(command),
  },
  {
    name: '$project that excludes a path leaves it in arrays of documents',
    manual: '$project, Exclude Fields from Embedded Documents: dot notation also reaches into arrays',
    explains: (command) => new RegExp(`"\\$project":{${DOTTED}:{"\\$numberInt":"0"}`).test(command),
  },
  {
    name: 'a sort by a path through an array of documents takes no account of elements without the field',
    manual: 'Sort, Sort by an Array Field: the least or greatest element counts; a missing field compares as null',
    explains: (command) => new RegExp(`"\\$?sort":{${DOTTED}`).test(command),
  },
  {
    name: 'distinct keeps equal numbers of different types apart',
    manual:
      'BSON Types, Comparison/Sort Order: numeric types are "treated as equivalent"; which of them is shown is free',
    explains: (command, ours, theirs) => command.startsWith('{"distinct"') && (ours + theirs).includes('$number'),
  },
  {
    name: '$group takes [] and {} for one key',
    manual: 'BSON Types, Comparison/Sort Order: objects and arrays are types of their own',
    explains: (command, ours, theirs) => command.includes('"$group"') && (ours + theirs).includes('"_id":[]'),
  },
  {
    name: '$all with null does not find a missing field',
    manual:
      '$all: "equivalent to an $and operation of the specified values", and { field: null } matches a missing field',
    explains: (command) => /"\$all":\[[^\]]*null/.test(command),
  },
  {
    name: 'binary data compares by its bytes first',
    manual: 'BSON Types, BinData: first the length, then the subtype, then the data byte by byte',
    explains: (command) => /"\$[lg]te?":{"\$binary"/.test(command),
  },
  {
    name: 'an index takes two arrays of one document',
    manual:
      'Multikey Indexes, Compound Multikey Indexes: at most one indexed field may be an array; others are refused (171)',
    explains: (_command, ours, theirs) => ours.includes('171') && !theirs.startsWith('error'),
  },
]
