import type { Collation } from '../bson/collation'
import type { Doc } from '../bson/doc'
import { compileNode } from './filter-match'
import { parseFilter } from './filter-parse'
import type { FilterNode } from './filter-tree'
import { guarded } from './guard'
import { topLevel } from './path'
import type { DocTest, MatchTrace } from './path'

export type { MatchTrace } from './path'

export interface FilterOptions {
  readonly collation?: Collation | undefined
  /** What `$expr` may name as `$$name`: the command's `let`. */
  readonly variables?: Doc | undefined
}

export interface Filter {
  matches(doc: Doc): boolean
  /** Like matches(); on success `trace.arrayIndex` is what `$` stands for, if an array decided. */
  matchesWithTrace(doc: Doc, trace: MatchTrace): boolean
  /** True for `{}`: everything matches. */
  readonly isEmpty: boolean
  /** The top-level fields that it looks at; undefined: it may look at any. */
  fields(): ReadonlySet<string> | undefined
  /** One document may take long: look at the clock after each. */
  readonly isCostly: boolean
  /** The filter taken apart, for the planner. */
  readonly tree: FilterNode
  /** Strings compare by it: indexes, which compare bytes, cannot help. */
  readonly collation: Collation | undefined
}

/** Throws CommandError (BadValue, FailedToParse, NotImplemented) when the filter cannot be understood. */
export function compileFilter(filter: Doc, options: FilterOptions = {}): Filter {
  const { collation, variables } = options
  const tree = parseFilter(filter, variables)
  const isCostly = mayBeCostly(tree) || hasManyConditions(tree)
  const compiled = compileNode(tree, collation)
  const test: DocTest = isCostly ? (doc, trace) => guarded(() => compiled(doc, trace)) : compiled
  return {
    matches: (doc) => test(doc),
    matchesWithTrace: (doc, trace) => {
      trace.arrayIndex = undefined
      return test(doc, trace)
    },
    isCostly,
    fields: () => fieldsOf(tree),
    isEmpty: tree.op === 'and' && tree.children.length === 0,
    tree,
    collation,
  }
}

function fieldsOf(tree: FilterNode): ReadonlySet<string> | undefined {
  const fields = new Set<string>()
  const visit = (node: FilterNode): boolean => {
    if (node.op === 'and' || node.op === 'or' || node.op === 'nor') return node.children.every(visit)
    if (node.op === 'not') return visit(node.child)
    if (node.op === 'expr') {
      node.fields?.forEach((field) => fields.add(field))
      return node.fields !== undefined
    }
    if ('path' in node) fields.add(topLevel(node.path))
    return true
  }
  return visit(tree) ? fields : undefined
}

/** So many conditions are looked at in a few microseconds, for each element of an array. */
const FEW_CONDITIONS = 20

function hasManyConditions(tree: FilterNode): boolean {
  let count = 0
  const visit = (node: FilterNode): void => {
    if (++count > FEW_CONDITIONS) return
    if (node.op === 'and' || node.op === 'or' || node.op === 'nor') node.children.forEach(visit)
    else if (node.op === 'not' || node.op === 'elemMatch') visit(node.child)
  }
  visit(tree)
  return count > FEW_CONDITIONS
}

function mayBeCostly(node: FilterNode): boolean {
  switch (node.op) {
    case 'and':
    case 'or':
    case 'nor':
      return node.children.some(mayBeCostly)
    case 'not':
    case 'elemMatch':
      return mayBeCostly(node.child)
    case 'regex':
      return true
    case 'in':
      return node.patterns.length > 0
    default:
      return node.op === 'expr'
  }
}
