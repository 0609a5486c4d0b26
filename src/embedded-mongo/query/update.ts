import { boundedSize } from '../bson/bounded-size'
import type { Doc } from '../bson/doc'
import { failedToParse } from '../bson/errors'
import { identical } from '../bson/identical'
import { applyTree } from './update/apply'
import { compileArrayFilters } from './update/array-filters'
import { refuseChangedId, withIdOf } from './update/identity'
import { compileOperators } from './update/operators'
import { compileUpdatePipeline, fieldsOfPipeline } from './update/pipeline'
import { buildTree } from './update/tree'
import type { FieldsNode, UpdateNode } from './update/tree'
import { equalityFields } from './update/upsert-base'

/** Twice what a document may have, as the count is a rough one. */
const RESULT_BYTES_MAX = 32 * 1_024 * 1_024

export interface UpdateOptions {
  readonly arrayFilters?: readonly Doc[] | undefined
  /** Constants of a pipeline update (`let` and the command's `c`). */
  readonly variables?: Doc | undefined
}

export interface UpdateContext {
  /** The document is new: $setOnInsert counts, and _id may be set. */
  readonly isInsert: boolean
  /** What `$` stands for: MatchTrace.arrayIndex. */
  readonly positionalIndex?: number | undefined
  readonly now: Date
}

export interface Update {
  readonly kind: 'operators' | 'pipeline'
  /** The top-level fields that it looks at and changes; undefined: it may be any. */
  readonly fields: ReadonlySet<string> | undefined
  /** True when the update has a positional `$`, so that the match must be traced. */
  readonly needsPosition: boolean
  /** The new document; `doc` itself, the same object, when nothing changed. Never mutates `doc`. */
  apply(doc: Doc, context: UpdateContext): Doc
}

/**
 * Compiles what computes a document from another: operators (`{$set: …}`) and a pipeline (`[{$set: …}]`). Throws CommandError for what cannot be understood; apply() throws it for what does not fit the document.
 * https://www.mongodb.com/docs/manual/reference/command/update/
 */
export function compileUpdate(update: Doc | readonly Doc[], options: UpdateOptions = {}): Update {
  if (isPipeline(update)) {
    if (options.arrayFilters !== undefined && options.arrayFilters.length > 0) {
      throw failedToParse('Cannot specify arrayFilters when performing a pipeline update')
    }
    return pipelineUpdate(update, options.variables)
  }
  return operatorUpdate(update, options.arrayFilters ?? [])
}

function isPipeline(update: Doc | readonly Doc[]): update is readonly Doc[] {
  return Array.isArray(update)
}

function operatorUpdate(update: Doc, arrayFilters: readonly Doc[]): Update {
  const filters = compileArrayFilters(arrayFilters)
  const tree = buildTree(compileOperators(update), filters)
  filters.refuseUnused(update)
  const mayTouchId = tree.children.has('_id')
  return {
    kind: 'operators',
    fields: new Set(tree.children.keys()),
    needsPosition: hasMatched(tree),
    apply: (doc, { isInsert, positionalIndex, now }) => {
      const next = applyTree(tree, doc, { root: doc, isInsert, positionalIndex, now }, filters)
      if (mayTouchId) refuseChangedId(doc, next)
      return next
    },
  }
}

function hasMatched(tree: FieldsNode): boolean {
  const search = (node: UpdateNode): boolean =>
    node.kind !== 'leaf' &&
    ((node.kind === 'fields' && node.matched !== undefined) || [...node.children.values()].some(search))
  return search(tree)
}

function pipelineUpdate(pipeline: readonly Doc[], variables: Doc | undefined): Update {
  const run = compileUpdatePipeline(pipeline, variables)
  return {
    kind: 'pipeline',
    fields: fieldsOfPipeline(pipeline),
    needsPosition: false,
    apply: (doc, { now }) => {
      const result = run(doc, now)
      boundedSize(result, RESULT_BYTES_MAX)
      return sameIfIdentical(doc, withIdOf(doc, result))
    },
  }
}

function sameIfIdentical(before: Doc, after: Doc): Doc {
  return identical(before, after) ? before : after
}

/**
 * What an upsert begins with: the fields that the filter fixes by equality, at the top or under $and. Throws
 * NotSingleValueField (54) when two conditions fix one place.
 */
export function upsertBase(filter: Doc): Doc {
  return equalityFields(filter)
}
