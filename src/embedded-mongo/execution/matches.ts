import type { Doc } from '../bson/doc'
import type { FieldCut } from '../wire/raw-bson'
import { DocReader, fieldsOfAll } from './doc-reader'
import type { Query } from './query'
import { openScan } from './open-scan'
import type { DocumentScan, ScanState } from './scan'
import type { Slice } from './slice'

/** A document that a write is about to change. */
export interface Found {
  readonly documentKey: Buffer
  readonly raw: Buffer
  /** As much of it as was read. */
  readonly doc: Doc
  /** undefined: all of it was. */
  readonly read: FieldCut | undefined
  /** What the positional `$` stands for. */
  readonly arrayIndex: number | undefined
}

/** How many documents are found before they are changed: no change happens under a running iteration. */
const CHUNK_DOCUMENTS = 64

/** The documents that a write is for. */
export interface MatchSource {
  /** The next few. With state `stopped` there may be more. */
  next(slice: Slice): { readonly found: readonly Found[]; readonly state: ScanState }
  /**
   * Does `work` with each, until it returns false. What comes behind that one, or behind one that throws, is found again.
   * True when none is left.
   */
  forEach(found: readonly Found[], work: (one: Found) => boolean): boolean
}

/** Those in the order of the plan, each once. */
export class Matches implements MatchSource {
  readonly scan: DocumentScan
  private readonly chunkMax: number
  private reader = DocReader.whole
  /** Documents that were found and could not be changed yet. */
  private waiting: readonly Buffer[] = []

  constructor(
    private readonly query: Query,
    /** What will be looked at of a document that matches; undefined: it may be anything. Others may change that. */
    private readonly fields: () => ReadonlySet<string> | undefined,
    options: { readonly multi: boolean },
  ) {
    this.scan = openScan(query, { once: options.multi })
    this.chunkMax = options.multi ? CHUNK_DOCUMENTS : 1
  }

  next(slice: Slice): { readonly found: readonly Found[]; readonly state: ScanState } {
    this.reader = DocReader.of(fieldsOfAll(this.query.filter.fields(), this.fields()))
    const found = this.findWaiting()
    if (found.length > 0) return { found, state: 'stopped' }
    const state = this.scan.run(slice, (documentKey, raw) => {
      this.check(documentKey, raw, found)
      return found.length < this.chunkMax
    })
    return { found, state }
  }

  /** They are looked at anew by the next call, and before any other. */
  private putBack(found: readonly Found[]): void {
    this.waiting = found.map(({ documentKey }) => documentKey)
  }

  private findWaiting(): Found[] {
    const found: Found[] = []
    for (const documentKey of this.waiting) {
      const raw = this.query.collection.get(documentKey)
      if (raw !== undefined) this.check(documentKey, raw, found)
    }
    this.waiting = []
    return found
  }

  private check(documentKey: Buffer, raw: Buffer, found: Found[]): void {
    const doc = this.reader.read(raw)
    const trace = { arrayIndex: undefined }
    if (!this.query.filter.matchesWithTrace(doc, trace)) return
    found.push({ documentKey, raw, doc, read: this.reader.cut, arrayIndex: trace.arrayIndex })
  }

  forEach(found: readonly Found[], work: (one: Found) => boolean): boolean {
    let done = 0
    try {
      while (done < found.length) {
        const goesOn = work(found[done] as Found)
        done++
        if (!goesOn) break
      }
    } finally {
      this.putBack(found.slice(done))
    }
    return done === found.length
  }
}
