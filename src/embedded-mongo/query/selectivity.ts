import type { FilterNode } from './filter-tree'
import type { Candidate } from './candidates'

/** Entries of an index within the bounds of a candidate that are counted at most. */
const ENTRIES_COUNTED_MAX = 250
/** To sort what is found costs as much again as to find it. */
const SORT_FACTOR = 2
/** A whole unique key finds one document: there is nothing to weigh. */
const DECIDED_SCORE = 100_000

/** How many entries of its index a candidate would read, counted up to `max`. */
export type CountEntries = (candidate: Candidate, max: number) => number

/** The candidate that reads least. Without counting, or where counts are alike, the one that looks best. */
export function choose(
  candidates: readonly Candidate[],
  sorts: boolean,
  countEntries: CountEntries | undefined,
): Candidate | undefined {
  const [first, ...others] = candidates.toSorted(betterFirst)
  if (first === undefined || countEntries === undefined || first.score >= DECIDED_SCORE) return first
  const rivals = others.filter((other) => other.fields.length > 0 && !isNarrowedBy(other, first))
  if (rivals.length === 0) return first
  const cost = (one: Candidate): number => {
    const entries = one.fields.length === 0 ? ENTRIES_COUNTED_MAX : countEntries(one, ENTRIES_COUNTED_MAX)
    return sorts && one.order === undefined ? entries * SORT_FACTOR : entries
  }
  let [chosen, least] = [first, cost(first)]
  for (const rival of rivals) {
    const its = cost(rival)
    if (its < least) [chosen, least] = [rival, its]
  }
  return chosen
}

function betterFirst(a: Candidate, b: Candidate): number {
  return a.score === b.score ? a.paths.length - b.paths.length : b.score - a.score
}

/** Whatever bounds `other` bounds `first` too: it cannot find less. */
function isNarrowedBy(other: Candidate, first: Candidate): boolean {
  const narrowing = nodesOf(first)
  return [...nodesOf(other)].every((node) => narrowing.has(node))
}

function nodesOf({ fields }: Candidate): ReadonlySet<FilterNode> {
  return new Set(fields.flatMap((field) => field.conditions.map(({ node }) => node)))
}
