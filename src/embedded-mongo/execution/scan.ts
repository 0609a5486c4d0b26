import { collectionDropped, CommandError } from '../bson/errors'
import { prefixEnd } from '../bson/key-encoding'
import type { Plan } from '../query/planner'
import type { Collection } from '../storage/collection'
import { storedDocumentKey, storedRange } from '../storage/keys'
import type { SecondaryIndex } from '../storage/secondary-index'
import type { ByteRange, Entry, Tree } from '../storage/tree'
import { mergedEntries } from './merge-scan'
import type { MergedRange } from './merge-scan'
import { RangeCount } from './range-count'
import type { Slice } from './slice'

/** Called for each candidate; false stops the scan behind it. */
export type Visitor = (documentKey: Buffer, raw: Buffer) => boolean
/** done: at the end. stopped: by the visitor. paused: the slice is over. */
export type ScanState = 'done' | 'stopped' | 'paused'

export interface ScanOptions {
  /** Meet each document once, even if a write moves it to where the scan has yet to come. */
  readonly once?: boolean | undefined
  /** The visitor looks at no document: index entries alone are read, and `raw` is empty for them. */
  readonly keysOnly?: boolean | undefined
  /** What the visitor does may take milliseconds for one document. */
  readonly longSteps?: boolean
}

/** Entries that are passed over in one go at the most; a hundred thousand take a few milliseconds. */
const OFFSET_MAX = 100_000

const NO_BYTES = Buffer.alloc(0)

/** What finds the documents of a plan, from the key behind the last one whenever it is asked. */
export interface DocumentScan {
  readonly collection: Collection
  readonly plan: Plan
  readonly keysExamined: number
  readonly docsExamined: number
  /** What is found must be checked, whatever the plan says. */
  readonly widened: boolean
  /**
   * Passes over the first `count` candidates without a look at them. False when that cannot be: then nothing is done,
   * and the caller skips what it is shown. For the caller to know that the filter would accept every candidate.
   */
  skip(count: number): boolean
  /** Counts index entries where each is another document; undefined where that cannot be said of them. */
  counter(): RangeCount | undefined
  /** Throws QueryPlanKilled when what is scanned has been dropped. */
  checkAlive(): void
  run(slice: Slice, visit: Visitor): ScanState
}

/**
 * Walks the documents that a plan points at. It can stop anywhere and go on later, from the key behind the last one:
 * documents that come and go meanwhile are met or not, as with a cursor of MongoDB.
 */
export class Scan implements DocumentScan {
  keysExamined = 0
  docsExamined = 0
  /** The ranges had to be widened to fit stored keys: what is found must be checked, whatever the plan says. */
  readonly widened: boolean
  private readonly ranges: readonly ByteRange[]
  private readonly index: SecondaryIndex | undefined
  private readonly seen: Set<string> | undefined
  private readonly merged: readonly MergedRange[] | undefined
  private rangeIndex = 0
  private offset = 0
  /** Entries that lmdb has passed over and that nobody has counted yet. */
  private passed = 0
  private after: Buffer | undefined

  constructor(
    readonly collection: Collection,
    readonly plan: Plan,
    private readonly options: ScanOptions = {},
  ) {
    const index = plan.index === undefined ? undefined : collection.index(plan.index.name)
    this.index = index
    const ranges: ByteRange[] = []
    let isCut = false
    for (const whole of plan.ranges) {
      const { range, cut } = storedRange(whole, index === undefined ? 'documents' : 'entries')
      ranges.push(range)
      isCut ||= cut
    }
    this.ranges = ranges
    this.widened = plan.kind !== 'IDHACK' && isCut
    this.merged = plan.merges
      ? this.ranges.map((range, i) => ({ range, prefixBytes: plan.ranges[i]?.prefixBytes ?? 0, after: undefined }))
      : undefined
    const dedupe = plan.dedupe || (options.once === true && plan.kind === 'IXSCAN')
    this.seen = dedupe && index !== undefined ? new Set() : undefined
  }

  skip(count: number): boolean {
    const simple = this.seen === undefined && this.ranges.length === 1 && this.plan.kind !== 'IDHACK'
    if (!simple || count > OFFSET_MAX) return false
    this.offset = count
    return true
  }

  counter(): RangeCount | undefined {
    if (this.index === undefined || this.seen !== undefined || this.plan.kind === 'IDHACK') return undefined
    return new RangeCount(this.index.tree, this.ranges)
  }

  run(slice: Slice, visit: Visitor): ScanState {
    this.checkAlive()
    if (this.plan.kind === 'IDHACK') return this.findOne(visit)
    if (this.merged !== undefined && this.index !== undefined) return this.merge(this.index.tree, slice, visit)
    for (; this.rangeIndex < this.ranges.length; this.rangeIndex++) {
      const range = this.ranges[this.rangeIndex] as ByteRange
      const state =
        this.index === undefined
          ? this.walkDocuments(range, slice, visit)
          : this.walkEntries(this.index.tree, range, slice, visit)
      if (state !== 'done') return state
      this.after = undefined
    }
    return 'done'
  }

  /** What has been dropped since may have given its tree to another. */
  checkAlive(): void {
    const { collection, index } = this
    if (collection.dropped) throw collectionDropped(collection.namespace)
    if (index !== undefined && !collection.indexes.includes(index)) {
      throw killed(`index '${index.definition.name}' dropped`)
    }
  }

  private findOne(visit: Visitor): ScanState {
    const range = this.plan.ranges[this.rangeIndex++]
    if (range === undefined) return 'done'
    const key = storedDocumentKey(range.start)
    const raw = this.collection.get(key)
    if (raw === undefined) return 'done'
    this.keysExamined++
    this.docsExamined++
    return visit(key, raw) ? 'done' : 'stopped'
  }

  private walkDocuments(range: ByteRange, slice: Slice, visit: Visitor): ScanState {
    for (const { key, value } of this.walk(this.collection.documents, range)) {
      if (this.plan.kind === 'IXSCAN') this.countKeys(this.passed + 1)
      this.docsExamined++
      this.after = key
      if (!visit(key, value)) return 'stopped'
      if (slice.isOver(this.options.longSteps)) return 'paused'
    }
    if (this.passed > 0 && this.plan.kind === 'IXSCAN') this.countKeys(this.collection.documents.countIn(range))
    return 'done'
  }

  private walkEntries(entries: Tree, range: ByteRange, slice: Slice, visit: Visitor): ScanState {
    const point = this.offset > 0 ? undefined : this.findPoint(entries, range)
    if (point !== undefined) return this.fetch(point, visit) ? 'done' : 'stopped'
    for (const { key, value } of this.walk(entries, range)) {
      this.countKeys(this.passed + 1)
      this.after = key
      if (!this.fetch(value, visit)) return 'stopped'
      if (slice.isOver(this.options.longSteps)) return 'paused'
    }
    if (this.passed > 0) this.countKeys(entries.countIn(range))
    return 'done'
  }

  private merge(entries: Tree, slice: Slice, visit: Visitor): ScanState {
    for (const { entry, from } of mergedEntries(entries, this.merged ?? [], this.plan.direction)) {
      this.countKeys(1)
      from.after = entry.key
      if (!this.fetch(entry.value, visit)) return 'stopped'
      if (slice.isOver(this.options.longSteps)) return 'paused'
    }
    return 'done'
  }

  private walk(tree: Tree, range: ByteRange): Iterable<Entry> {
    this.passed = this.offset
    this.offset = 0
    return tree.range(range, this.plan.direction, this.after, this.passed)
  }

  private countKeys(found: number): void {
    this.keysExamined += found
    this.passed = 0
  }

  /**
   * What a range that ends where its start's prefix ends holds of a unique index, if it begins with a whole key: no key
   * begins with another, so that entry alone. A look-up, where walking a range costs more to begin with.
   */
  private findPoint(entries: Tree, range: ByteRange): Buffer | undefined {
    if (this.plan.index?.unique !== true || this.after !== undefined || range.end === undefined) return undefined
    if (prefixEnd(range.start)?.equals(range.end) !== true) return undefined
    const documentKey = entries.get(range.start)
    if (documentKey === undefined) return undefined
    this.keysExamined++
    this.after = range.start
    return documentKey
  }

  private fetch(documentKey: Buffer, visit: Visitor): boolean {
    if (this.seen !== undefined) {
      const id = documentKey.toString('latin1')
      if (this.seen.has(id)) return true
      this.seen.add(id)
    }
    if (this.options.keysOnly === true) return visit(documentKey, NO_BYTES)
    const raw = this.collection.get(documentKey)
    // An entry without a document would be a fault of the index; validate reports it.
    if (raw === undefined) return true
    this.docsExamined++
    return visit(documentKey, raw)
  }
}

function killed(message: string): CommandError {
  return new CommandError(175, 'QueryPlanKilled', message)
}
