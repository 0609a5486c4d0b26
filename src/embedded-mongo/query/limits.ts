/** How deep a filter, an update or an expression may nest: MongoDB's own bound on a query tree. */
export const QUERY_DEPTH_MAX = 100

/** How many points or ranges an index scan may have; beyond it the rest of the filter is rechecked. */
export const SCAN_RANGES_MAX = 5_000

/** How many conditions of a filter, or of an `$elemMatch`, may bound an index; the others are rechecked. */
export const CONDITIONS_MAX = 1_000

/** How many ranges a scan merges into one order. */
export const MERGED_RANGES_MAX = 100

/** How many branches of an `$or` are answered each by an index of its own. */
export const OR_BRANCHES_MAX = 100

/** How far `$push` with `$position` or a numeric path segment may pad an array with nulls (MongoDB's bound). */
export const ARRAY_PADDING_MAX = 1_500_000
