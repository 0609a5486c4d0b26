import { getField, isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { CommandError } from '../../bson/errors'
import { compileFilter } from '../filter'
import { conjuncts } from '../filter-tree'
import type { FilterNode } from '../filter-tree'
import { dollarField } from './path'

/** See upsertBase in ../update. */
export function equalityFields(filter: Doc): Doc {
  const base: Doc = {}
  const paths = new Set<string>()
  for (const { path, value } of equalities(compileFilter(filter).tree)) {
    refuseOverlap(paths, path)
    paths.add(path)
    setPath(base, path.split('.'), value === undefined ? null : value)
  }
  return base
}

/** An $in of one value and an $or of one branch are equalities too, written at length. */
function equalities(tree: FilterNode): readonly { readonly path: string; readonly value: unknown }[] {
  return conjuncts(tree).flatMap((node) => {
    if (node.op === 'eq') return [node]
    if (node.op === 'in' && node.values.length === 1 && node.patterns.length === 0) {
      return [{ path: node.path, value: node.values[0] }]
    }
    const [only, ...others] = node.op === 'or' ? node.children : []
    return only !== undefined && others.length === 0 ? equalities(only) : []
  })
}

function refuseOverlap(paths: ReadonlySet<string>, path: string): void {
  for (const other of paths) {
    if (other === path) throw ambiguous(`path '${path}' is matched twice`)
    if (other.startsWith(`${path}.`) || path.startsWith(`${other}.`)) {
      throw ambiguous(`both paths '${other}' and '${path}' are matched`)
    }
  }
}

function ambiguous(reason: string): CommandError {
  return new CommandError(54, 'NotSingleValueField', `cannot infer query fields to set, ${reason}`)
}

/** `base` is ours alone: it is written in place. */
function setPath(base: Doc, segments: readonly string[], value: unknown): void {
  let doc = base
  for (const [i, segment] of segments.entries()) {
    if (segment.startsWith('$') && i === 0) throw dollarField(segment, segments.join('.'))
    if (i === segments.length - 1) {
      setField(doc, segment, value)
      return
    }
    const existing = getField(doc, segment)
    const next = isDoc(existing) ? existing : {}
    setField(doc, segment, next)
    doc = next
  }
}
