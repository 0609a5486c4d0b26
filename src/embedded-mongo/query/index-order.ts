import { toNumber } from '../bson/exact'
import type { Numeric } from '../bson/types'
import type { FieldBounds } from './index-bounds'
import type { IndexInfo } from './index-info'
import { MERGED_RANGES_MAX } from './limits'
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
  return orderAfter(index, paths, { fixed, single: fixed }, sort)?.direction
}

/**
 * The order that comes of merging ranges: of an index on a and b, `a: {$in: […]}` sorted by b. The ranges are merged by
 * what follows the first `after` fields.
 */
export function mergedOrder(
  index: IndexInfo,
  paths: readonly string[],
  fields: readonly FieldBounds[],
  sort: readonly SortField[],
): Order | undefined {
  const ranges = fields.reduce((product, { intervals }) => product * intervals.length, 1)
  if (ranges > MERGED_RANGES_MAX) return undefined
  const fixed = fields.map((field) => field.points)
  const single = fields.map((field) => field.points && field.intervals.length === 1)
  const order = orderAfter(index, paths, { fixed, single }, sort)
  return order === undefined || order.after === 0 ? undefined : order
}

interface Order {
  readonly direction: 1 | -1
  readonly after: number
}

/** `fixed`: bounded to points, whatever their number; `single`: to one. */
function orderAfter(
  index: IndexInfo,
  paths: readonly string[],
  { fixed, single }: { readonly fixed: readonly boolean[]; readonly single: readonly boolean[] },
  sort: readonly SortField[],
): Order | undefined {
  if (index.collation !== undefined) return undefined
  if (sort.length === 0 || index.truncatedKeys) return undefined
  const unbounded = fixed.length === 0
  const orders = (path: string): boolean => unbounded || !index.multikey.includes(path)
  const fixedPaths = new Set(paths.filter((path, i) => single[i] === true && !index.multikey.includes(path)))
  let at = 0
  let after: number | undefined
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
    after ??= at
    at++
  }
  return { direction: direction ?? 1, after: after ?? 0 }
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
