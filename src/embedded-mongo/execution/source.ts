import { writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { collectionDropped, tooMuchMemory } from '../bson/errors'
import { guarded } from '../query/guard'
import type { Memory } from '../query/memory'
import { topLevel } from '../query/path'
import type { Pause } from '../query/pause'
import { compileProjection, rawTopLevel } from '../query/projection'
import { sortInSlices } from '../query/sliced-sort'
import { compileSort, topK } from '../query/sort'
import type { TopK } from '../query/sort'
import { FieldCut } from '../wire/raw-bson'
import type { Batch } from './batch'
import { DocReader, NO_FIELDS } from './doc-reader'
import { Matcher } from './matcher'
import type { Match, MatcherOptions } from './matcher'
import { openScan } from './open-scan'
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
  /** What computed fields of the projection may name: the command's `let`. */
  readonly variables?: Doc | undefined
}

/** What makes the answer's bytes of a document's. `doc` is what it looks at of the document, if that was read. */
type Project = (raw: Buffer, doc: Doc | undefined, arrayIndex: number | undefined) => Uint8Array

/** The source of a find, as the plan wants it. `memory`: where a sort takes what it holds from. */
export function findSource(
  query: Query,
  options: FindOptions,
  memory?: Memory,
): Source & { readonly scan: DocumentScan } {
  return query.plan.providesSort ? new ScanSource(query, options) : new SortSource(query, options, memory)
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
    const projector = projectorOf(options)
    this.scan = openScan(query)
    this.matcher = new Matcher(query, this.scan, projector)
    this.project = projector.project
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
    const state = this.matcher.run(slice, (match) => this.visit(batch, match))
    if (state === 'stopped') return this.limitLeft === 0 ? 'done' : 'full'
    return state
  }

  private visit(batch: Batch, { raw, doc, arrayIndex }: Match): boolean {
    if (this.skipLeft > 0) {
      this.skipLeft--
      return true
    }
    const projected = this.project(raw, doc, arrayIndex)
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

interface Sortable {
  readonly raw: Buffer
  readonly arrayIndex: number | undefined
  /** The fields that the sort, and perhaps the filter, looks at. */
  readonly sortDoc: Doc
}

/** Documents that no index has in the wanted order: finds all, keeps the first `skip + limit`, then gives them out. */
class SortSource implements Source {
  readonly scan: DocumentScan
  private readonly matcher: Matcher
  private readonly project: Project
  private readonly kept: Pick<TopK<Sortable>, 'add' | 'resultInSlices'>
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
    private readonly memory: Memory | undefined,
  ) {
    const { project, needsTrace } = projectorOf(options)
    const sort = query.sort ?? {}
    const compare = compileSort(sort, query.collation)
    this.scan = openScan(query)
    const fields = new Set(Object.keys(sort).map(topLevel))
    this.matcher = new Matcher(query, this.scan, { needsTrace, fields })
    this.project = project
    this.keptMax = options.skip + options.limit
    this.kept = keeper(this.keptMax, (a, b) => compare(a.sortDoc, b.sortDoc))
  }

  get heldBytes(): number {
    return this.bytes
  }

  close(): void {
    this.memory?.give(this.bytes)
    this.bytes = 0
  }

  fill(batch: Batch, slice: Slice): FillState {
    this.slice = slice
    if (this.sorting === undefined) {
      const state = this.matcher.run(slice, (match) => this.visit(match))
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
      const { raw, arrayIndex } = sorted[this.given] as Sortable
      if (batch.isFull || !batch.add(this.project(raw, undefined, arrayIndex))) return 'full'
      if (slice.isOver()) {
        this.given++
        return 'paused'
      }
    }
    return 'done'
  }

  private visit(match: Match): boolean {
    const { raw, arrayIndex } = match
    this.account(raw.length)
    this.kept.add({ raw, arrayIndex, sortDoc: this.matcher.docOf(match) })
    return true
  }

  /** Once as many are kept as ever will be, one comes for one that goes. */
  private account(bytes: number): void {
    this.seen++
    if (this.seen > this.keptMax) return
    const more = bytes + SORT_OVERHEAD_BYTES
    if (this.bytes + more > SORT_BYTES_MAX) throw tooMuchMemory('Sort', SORT_BYTES_MAX)
    this.memory?.take(more)
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

interface Projector extends MatcherOptions {
  readonly project: Project
}

function projectorOf({ projection: spec, fields, variables }: FindOptions): Projector {
  if (fields !== undefined) {
    const cut = new FieldCut('include', fields)
    return fromBytes((raw) => cut.apply(raw))
  }
  if (spec === undefined || Object.keys(spec).length === 0) return WHOLE
  const top = rawTopLevel(spec)
  if (top !== undefined) {
    const cut = new FieldCut(top.mode, top.fields)
    return fromBytes((raw) => cut.apply(raw))
  }
  const projection = compileProjection(spec, variables)
  const reader = DocReader.of(projection.fields)
  return {
    project: (raw, read, arrayIndex) => {
      const doc = read ?? reader.read(raw)
      return writeDoc(guarded(() => projection.apply(doc, arrayIndex)))
    },
    needsTrace: projection.needsPosition,
    fields: projection.fields,
  }
}

function fromBytes(project: Project): Projector {
  return { project, needsTrace: false, fields: NO_FIELDS }
}

const WHOLE: Projector = fromBytes((raw) => raw)
