import { toNumber } from '../bson/exact'
import type { Numeric } from '../bson/types'
import type { IndexInfo } from './index-info'
import type { SortField } from './sort'

/**
 * The direction in which a scan gives the sort's order: 1, -1, or undefined when it cannot. `fixed[i]`: field i of the
 * index is bounded to one value. Within equal keys the entries of an index are in the order of _id.
 */
export function providedOrder(
  index: IndexInfo,
  paths: readonly string[],
  fixed: readonly boolean[],
  sort: readonly SortField[],
): 1 | -1 | undefined {
  if (sort.length === 0 || index.truncatedKeys) return undefined
  const unbounded = fixed.length === 0
  const orders = (path: string): boolean => unbounded || !index.multikey.includes(path)
  const fixedPaths = new Set(paths.filter((path, i) => fixed[i] === true && !index.multikey.includes(path)))
  let at = 0
  let direction: 1 | -1 | undefined
  for (const field of sort) {
    if (fixedPaths.has(field.path)) continue
    while (fixed[at] === true && paths[at] !== field.path) at++
    const given = orderAt(index, paths, at)
    if (given === 'unique') break
    if (given?.path !== field.path || !orders(field.path)) return undefined
    const wanted = given.direction === field.direction ? 1 : -1
    if (direction !== undefined && direction !== wanted) return undefined
    direction = wanted
    at++
  }
  return direction ?? 1
}

/** The field that orders next: one of the key, then _id; after a whole unique key nothing is left to order. */
function orderAt(index: IndexInfo, paths: readonly string[], at: number): SortField | 'unique' | undefined {
  const path = paths[at]
  if (path !== undefined) return { path, direction: toNumber(index.key[path] as Numeric) < 0 ? -1 : 1 }
  if (paths.length === 1 && paths[0] === '_id') return 'unique'
  if (index.multikey.length > 0) return undefined
  if (index.unique) return 'unique'
  return at === paths.length ? { path: '_id', direction: 1 } : undefined
}
