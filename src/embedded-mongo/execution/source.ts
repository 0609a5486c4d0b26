import { readDoc, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { tooMuchMemory } from '../bson/errors'
import { guarded } from '../query/guard'
import type { Memory } from '../query/memory'
import type { Pause } from '../query/pause'
import { compileProjection, rawTopLevel } from '../query/projection'
import { sortInSlices } from '../query/sliced-sort'
import { compileSort, topK } from '../query/sort'
import type { TopK } from '../query/sort'
import { FieldCut } from '../wire/raw-bson'
import type { Batch } from './batch'
import { openScan } from './open-scan'
import { collectionDropped } from './scan'
import type { DocumentScan } from './scan'
import { Slice } from './slice'
import type { Query } from './query'

/** done: nothing is left. full: the batch is. paused: the slice is over. */
export type FillState = 'done' | 'full' | 'paused'

/** Where a cursor's documents come from. */
export interface Source {
  fill(batch: Batch, slice: Slice): FillState
  /** Bytes of the documents that it keeps. */
  readonly heldBytes?: number
  /** Nothing more is wanted of it. */
  close?(): void
}

/** What is left of a collection that has been dropped. */
export class DroppedSource implements Source {
  constructor(private readonly namespace: string) {}

  fill(): FillState {
    throw collectionDropped(this.namespace)
  }
}

export class ArraySource implements Source {
  private at = 0

  constructor(private readonly documents: readonly Uint8Array[]) {}

  fill(batch: Batch): FillState {
    while (this.at < this.documents.length) {
      if (!batch.add(this.documents[this.at] as Uint8Array)) return 'full'
      this.at++
    }
    return 'done'
  }
}

export interface FindOptions {
  readonly skip: number
  /** Infinity: all. */
  readonly limit: number
  readonly projection?: Doc | undefined
  /** In place of a projection: the top-level fields that anybody will look at. */
  readonly fields?: ReadonlySet<string> | undefined
  /** Where a sort takes what it holds from. */
  readonly memory?: Memory | undefined
  /** What computed fields of the projection may name: the command's `let`. */
  readonly variables?: Doc | undefined
}

/** What makes the answer's bytes of a document's. `doc` is the document, if it had to be read. */
type Project = (raw: Buffer, doc: Doc | undefined, arrayIndex: number | undefined) => Uint8Array

/** The source of a find, as the plan wants it. */
export function findSource(query: Query, options: FindOptions): Source & { readonly scan: DocumentScan } {
  return query.plan.providesSort ? new ScanSource(query, options) : new SortSource(query, options)
}

/** A candidate of the scan that the filter has accepted. */
interface Match {
  readonly raw: Buffer
  readonly doc: Doc | undefined
  readonly arrayIndex: number | undefined
}

/** Lets the filter see what the scan finds, and reads a document only where that is needed. */
export class Matcher {
  private readonly recheck: boolean

  /** The scan finds what the filter wants and nothing else. */
  get acceptsAll(): boolean {
    return !this.recheck
  }

  constructor(
    private readonly query: Query,
    scan: DocumentScan,
    private readonly needsTrace: boolean,
  ) {
    this.recheck = needsTrace || !query.plan.exact || scan.widened
  }

  match(raw: Buffer): Match | undefined {
    if (!this.recheck) return { raw, doc: undefined, arrayIndex: undefined }
    const doc = readDoc(raw)
    if (!this.needsTrace) return this.query.filter.matches(doc) ? { raw, doc, arrayIndex: undefined } : undefined
    const trace = { arrayIndex: undefined }
    if (!this.query.filter.matchesWithTrace(doc, trace)) return undefined
    return { raw, doc, arrayIndex: trace.arrayIndex }
  }
}

/** Documents in the order of the scan, as it goes. */
class ScanSource implements Source {
  readonly scan: DocumentScan
  private readonly matcher: Matcher
  private readonly project: Project
  private skipLeft: number
  private limitLeft: number
  private waiting: Uint8Array | undefined

  constructor(query: Query, options: FindOptions) {
    const { project, needsTrace } = projector(options)
    this.scan = openScan(query)
    this.matcher = new Matcher(query, this.scan, needsTrace)
    this.project = project
    const skipped = options.skip > 0 && this.matcher.acceptsAll && this.scan.skip(options.skip)
    this.skipLeft = skipped ? 0 : options.skip
    this.limitLeft = options.limit
  }

  fill(batch: Batch, slice: Slice): FillState {
    if (this.limitLeft === 0) return 'done'
    if (this.waiting !== undefined) {
      if (!batch.add(this.waiting)) return 'full'
      this.waiting = undefined
      if (--this.limitLeft === 0) return 'done'
    }
    if (batch.isFull) return 'full'
    const state = this.scan.run(slice, (_key, raw) => this.visit(batch, raw))
    if (state === 'stopped') return this.limitLeft === 0 ? 'done' : 'full'
    return state
  }

  private visit(batch: Batch, raw: Buffer): boolean {
    const match = this.matcher.match(raw)
    if (match === undefined) return true
    if (this.skipLeft > 0) {
      this.skipLeft--
      return true
    }
    const projected = this.project(raw, match.doc, match.arrayIndex)
    if (!batch.add(projected)) {
      this.waiting = projected
      return false
    }
    return --this.limitLeft > 0 && !batch.isFull
  }
}

/** MongoDB's bound for a sort without an index. */
export const SORT_BYTES_MAX = 100 * 1_024 * 1_024
/** What a document costs beside its bytes, roughly, while it is sorted. */
const SORT_OVERHEAD_BYTES = 200

interface Sortable extends Match {
  readonly sortDoc: Doc
}

/** Documents that no index has in the wanted order: finds all, keeps the first `skip + limit`, then gives them out. */
class SortSource implements Source {
  readonly scan: DocumentScan
  private readonly matcher: Matcher
  private readonly project: Project
  private readonly kept: Pick<TopK<Sortable>, 'add' | 'resultInSlices'>
  private readonly sortFields: FieldCut
  private readonly keptMax: number
  private seen = 0
  private bytes = 0
  private sorting: Generator<Pause, Sortable[]> | undefined
  private sorted: readonly Sortable[] | undefined
  private slice = new Slice()
  private given = 0

  constructor(
    query: Query,
    private readonly options: FindOptions,
  ) {
    const { project, needsTrace } = projector(options)
    const sort = query.sort ?? {}
    const compare = compileSort(sort, query.collation)
    this.scan = openScan(query)
    this.matcher = new Matcher(query, this.scan, needsTrace)
    this.project = project
    this.keptMax = options.skip + options.limit
    this.kept = keeper(this.keptMax, (a, b) => compare(a.sortDoc, b.sortDoc))
    const paths = Object.keys(sort).map((path) => path.split('.', 1)[0] as string)
    this.sortFields = new FieldCut('include', new Set(paths))
  }

  get heldBytes(): number {
    return this.bytes
  }

  close(): void {
    this.options.memory?.give(this.bytes)
    this.bytes = 0
  }

  fill(batch: Batch, slice: Slice): FillState {
    this.slice = slice
    if (this.sorting === undefined) {
      const state = this.scan.run(slice, (_key, raw) => this.visit(raw))
      if (state !== 'done') return 'paused'
      this.sorting = this.kept.resultInSlices(() => this.slice.isOver(true))
      this.given = this.options.skip
    }
    if (this.sorted === undefined) {
      const { value, done } = this.sorting.next()
      if (done !== true) return 'paused'
      this.sorted = value
    }
    return this.giveOut(this.sorted, batch, slice)
  }

  private giveOut(sorted: readonly Sortable[], batch: Batch, slice: Slice): FillState {
    for (; this.given < sorted.length; this.given++) {
      const { raw, doc, arrayIndex } = sorted[this.given] as Sortable
      if (batch.isFull || !batch.add(this.project(raw, doc, arrayIndex))) return 'full'
      if (slice.isOver()) {
        this.given++
        return 'paused'
      }
    }
    return 'done'
  }

  private visit(raw: Buffer): boolean {
    const match = this.matcher.match(raw)
    if (match === undefined) return true
    this.account(raw.length)
    const sortDoc = match.doc ?? readDoc(this.sortFields.apply(raw))
    this.kept.add({ ...match, sortDoc })
    return true
  }

  /** Once as many are kept as ever will be, one comes for one that goes. */
  private account(bytes: number): void {
    this.seen++
    if (this.seen > this.keptMax) return
    const more = bytes + SORT_OVERHEAD_BYTES
    if (this.bytes + more > SORT_BYTES_MAX) throw tooMuchMemory('Sort', SORT_BYTES_MAX)
    this.options.memory?.take(more)
    this.bytes += more
  }
}

function keeper<T>(countMax: number, compare: (a: T, b: T) => number): Pick<TopK<T>, 'add' | 'resultInSlices'> {
  if (Number.isFinite(countMax)) return topK(countMax, compare)
  const items: T[] = []
  return {
    add: (item) => void items.push(item),
    resultInSlices: (isOver) => sortInSlices(items, compare, isOver),
  }
}

function projector({ projection: spec, fields, variables }: FindOptions): {
  readonly project: Project
  readonly needsTrace: boolean
} {
  if (fields !== undefined) {
    const cut = new FieldCut('include', fields)
    return { project: (raw) => cut.apply(raw), needsTrace: false }
  }
  if (spec === undefined || Object.keys(spec).length === 0) return { project: (raw) => raw, needsTrace: false }
  const top = rawTopLevel(spec)
  if (top !== undefined) {
    const cut = new FieldCut(top.mode, top.fields)
    return { project: (raw) => cut.apply(raw), needsTrace: false }
  }
  const projection = compileProjection(spec, variables)
  return {
    project: (raw, doc, arrayIndex) => {
      const whole = doc ?? readDoc(raw)
      return writeDoc(guarded(() => projection.apply(whole, arrayIndex)))
    },
    needsTrace: projection.needsPosition,
  }
}
