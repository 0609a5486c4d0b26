import type { Plan } from '../query/planner'
import type { Collection } from '../storage/collection'
import { Scan } from './scan'
import type { DocumentScan, ScanOptions, ScanState, Visitor } from './scan'
import type { Slice } from './slice'

/** The scans of an $or's branches, one after the other; a document that several of them find is met once. */
export class UnionScan implements DocumentScan {
  private readonly scans: readonly Scan[]
  private readonly seen = new Set<string>()
  private at = 0

  constructor(
    readonly collection: Collection,
    readonly plan: Plan,
    options: ScanOptions,
  ) {
    this.scans = (plan.branches ?? []).map((branch) => new Scan(collection, branch, options))
  }

  get keysExamined(): number {
    return this.scans.reduce((sum, scan) => sum + scan.keysExamined, 0)
  }

  get docsExamined(): number {
    return this.scans.reduce((sum, scan) => sum + scan.docsExamined, 0)
  }

  get widened(): boolean {
    return this.scans.some((scan) => scan.widened)
  }

  skip(): boolean {
    return false
  }

  counter(): undefined {
    return undefined
  }

  checkAlive(): void {
    for (const scan of this.scans) scan.checkAlive()
  }

  run(slice: Slice, visit: Visitor): ScanState {
    for (; this.at < this.scans.length; this.at++) {
      const state = (this.scans[this.at] as Scan).run(slice, (documentKey, raw) => {
        const id = documentKey.toString('latin1')
        if (this.seen.has(id)) return true
        this.seen.add(id)
        return visit(documentKey, raw)
      })
      if (state !== 'done') return state
    }
    return 'done'
  }
}
