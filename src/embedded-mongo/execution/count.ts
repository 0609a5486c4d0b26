import { NO_FIELDS } from './doc-reader'
import { Matcher } from './matcher'
import type { Query } from './query'
import { openScan } from './open-scan'
import type { RangeCount } from './range-count'
import type { DocumentScan } from './scan'
import type { Slice } from './slice'

/** Counts what a query matches, in steps; by index entries alone where the bounds decide. */
export class CountRun {
  private readonly scan: DocumentScan
  /** True when no document had to be looked at. */
  readonly keysOnly: boolean
  private matched = 0
  private readonly matcher: Matcher
  private readonly counter: RangeCount | undefined

  constructor(
    query: Query,
    private readonly skip: number,
    private readonly limit: number,
  ) {
    this.keysOnly =
      (query.plan.kind === 'IXSCAN' || query.plan.kind === 'OR') && query.plan.exact && !openScan(query).widened
    this.scan = openScan(query, { keysOnly: this.keysOnly })
    this.matcher = new Matcher(query, this.scan, { needsTrace: false, fields: NO_FIELDS })
    this.counter = this.keysOnly ? this.scan.counter() : undefined
  }

  get count(): number {
    return Math.min(Math.max(0, this.matched - this.skip), this.limit)
  }

  get keysExamined(): number {
    return this.counter === undefined ? this.scan.keysExamined : Math.min(this.counter.count, this.skip + this.limit)
  }

  get docsExamined(): number {
    return this.scan.docsExamined
  }

  /** True when all is counted. */
  step(slice: Slice): boolean {
    const enough = this.skip + this.limit
    if (this.counter !== undefined) return this.countEntries(this.counter, slice, enough)
    const state = this.matcher.run(slice, () => ++this.matched < enough)
    return state !== 'paused'
  }

  private countEntries(counter: RangeCount, slice: Slice, enough: number): boolean {
    this.scan.checkAlive()
    const isDone = counter.step(slice, enough)
    this.matched = counter.count
    return isDone
  }
}
