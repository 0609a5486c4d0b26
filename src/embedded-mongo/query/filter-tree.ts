import type { Doc } from '../bson/doc'

/** A regular expression of a filter, compiled, and as it was written. */
export interface Pattern {
  readonly source: string
  readonly options: string
  readonly regex: RegExp
  /** Whether it may take long on a text of this length. */
  readonly isCostly: (textLength: number) => boolean
}

export type CompareOp = 'eq' | 'gt' | 'gte' | 'lt' | 'lte'

/** Conditions on the value or values at the end of one path. */
export type PathNode =
  | { readonly op: CompareOp; readonly path: string; readonly value: unknown }
  | {
      readonly op: 'in'
      readonly path: string
      readonly values: readonly unknown[]
      readonly patterns: readonly Pattern[]
    }
  /** Each of very many values, of those that a document has there. */
  | { readonly op: 'all'; readonly path: string; readonly values: readonly unknown[] }
  | { readonly op: 'regex'; readonly path: string; readonly pattern: Pattern }
  | { readonly op: 'exists'; readonly path: string }
  | { readonly op: 'type'; readonly path: string; readonly types: ReadonlySet<string> }
  | { readonly op: 'size'; readonly path: string; readonly size: number }
  | { readonly op: 'custom'; readonly path: string; readonly test: (value: unknown) => boolean }
  | { readonly op: 'elemMatch'; readonly path: string; readonly child: FilterNode; readonly on: 'documents' | 'values' }

/** A condition on the document as a whole, or on some of its top-level fields. */
export interface ExprNode {
  readonly op: 'expr'
  readonly evaluate: (doc: Doc) => boolean
  /** undefined: it may look at any. */
  readonly fields: ReadonlySet<string> | undefined
}

/**
 * A filter taken apart: what the matcher is compiled from and what the planner reads. Conditions inside an $elemMatch
 * on values have the path ''. `expr` is what $expr and $jsonSchema say.
 */
export type FilterNode =
  | PathNode
  | { readonly op: 'and' | 'or' | 'nor'; readonly children: readonly FilterNode[] }
  | { readonly op: 'not'; readonly child: FilterNode }
  | ExprNode
  | { readonly op: 'constant'; readonly value: boolean }

/** The conjuncts of a filter, nested $and dissolved. */
export function conjuncts(node: FilterNode): readonly FilterNode[] {
  return node.op === 'and' ? node.children.flatMap(conjuncts) : [node]
}
