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
]
