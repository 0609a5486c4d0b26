import { readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import type { Query } from './query'
import { openScan } from './open-scan'
import type { DocumentScan, ScanState } from './scan'
import type { Slice } from './slice'

/** A document that a write is about to change. */
export interface Found {
  readonly documentKey: Buffer
  readonly raw: Buffer
  readonly doc: Doc
  /** What the positional `$` stands for. */
  readonly arrayIndex: number | undefined
}

/** How many documents are found before they are changed: no change happens under a running iteration. */
const CHUNK_DOCUMENTS = 64

/** The documents that a write is for, in the order of the plan, each once. */
export class Matches {
  readonly scan: DocumentScan
  private readonly chunkMax: number

  constructor(
    private readonly query: Query,
    options: { readonly multi: boolean },
  ) {
    this.scan = openScan(query, { once: options.multi })
    this.chunkMax = options.multi ? CHUNK_DOCUMENTS : 1
  }

  /** The next few. With state `stopped` there may be more. */
  next(slice: Slice): { readonly found: readonly Found[]; readonly state: ScanState } {
    const found: Found[] = []
    const { filter } = this.query
    const state = this.scan.run(slice, (documentKey, raw) => {
      const doc = readDoc(raw)
      const trace = { arrayIndex: undefined }
      if (filter.matchesWithTrace(doc, trace)) found.push({ documentKey, raw, doc, arrayIndex: trace.arrayIndex })
      return found.length < this.chunkMax
    })
    return { found, state }
  }
}
