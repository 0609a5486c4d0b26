import type { Collation } from '../bson/collation'
import type { Doc } from '../bson/doc'

/** What the planner knows of an index. */
export interface IndexInfo {
  readonly name: string
  /** Path → 1 or -1. */
  readonly key: Doc
  readonly unique: boolean
  readonly sparse: boolean
  readonly partialFilter?: Doc | undefined
  /** Strings stand in it by their keys under this collation: equal ones together, but in no order. */
  readonly collation?: Collation | undefined
  /** The paths of the key that led through an array in some document (the union of IndexKeys.multikey). */
  readonly multikey: readonly string[]
  /** Some entry is cut and hashed: its order is lost, and what it finds must be rechecked. */
  readonly truncatedKeys: boolean
}
