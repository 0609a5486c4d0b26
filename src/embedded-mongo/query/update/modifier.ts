import type { Doc } from '../../bson/doc'

/** What an update knows while it walks one document. */
export interface Run {
  readonly root: Doc
  readonly isInsert: boolean
  readonly positionalIndex: number | undefined
  readonly now: Date
}

/** One operator on one path, compiled. */
export interface Modifier {
  /**
   * The new value. `current` is undefined when the field is missing; to answer undefined takes the field away, and to
   * answer `current` itself changes nothing.
   */
  apply(current: unknown, run: Run): unknown
  /** A path that leads through a scalar is passed over; else it is PathNotViable. */
  readonly lenient?: boolean
  /** Counts for new documents alone. */
  readonly insertOnly?: boolean
  /** Given the array that the path leads through, if it may not lead through one. */
  readonly refuseArray?: (name: string, root: Doc) => Error
}

/** One use of a modifier: the path it stands on, as written. */
export interface Placed {
  readonly path: string
  readonly modifier: Modifier
}

/** Compiles one entry of an operator, `path: operand`, to the modifiers it stands for. Throws CommandError. */
export type CompileOperator = (path: string, operand: unknown) => readonly Placed[]
