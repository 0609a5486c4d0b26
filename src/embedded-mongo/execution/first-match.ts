import { readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { compileSort } from '../query/sort'
import type { Found, MatchSource } from './matches'
import { openScan } from './open-scan'
import type { Query } from './query'
import type { ScanState } from './scan'
import type { Slice } from './slice'

interface Candidate {
  readonly documentKey: Buffer
  readonly doc: Doc
}

/**
 * Of the documents that a write is for, the first by a sort that no index gives: all that match are looked at. Should it
 * be gone by then, or changed so that it does not match, they are looked at again.
 */
export class FirstMatch implements MatchSource {
  private scan: ReturnType<typeof openScan>
  private readonly compare: (a: Doc, b: Doc) => number
  private first: Candidate | undefined

  constructor(private readonly query: Query) {
    this.compare = compileSort(query.sort ?? {}, query.collation)
    this.scan = openScan(query, { once: true })
  }

  next(slice: Slice): { readonly found: readonly Found[]; readonly state: ScanState } {
    const state = this.scan.run(slice, (documentKey, raw) => {
      this.consider({ documentKey, doc: readDoc(raw) })
      return true
    })
    if (state !== 'done') return { found: [], state }
    const { first } = this
    if (first === undefined) return { found: [], state: 'done' }
    this.first = undefined
    this.scan = openScan(this.query, { once: true })
    const found = this.asItIsNow(first)
    return found === undefined ? { found: [], state: 'stopped' } : { found: [found], state: 'done' }
  }

  private consider(candidate: Candidate): void {
    if (!this.query.filter.matches(candidate.doc)) return
    if (this.first !== undefined && this.compare(candidate.doc, this.first.doc) >= 0) return
    // The bytes of the key are the store's own until the next step.
    this.first = { ...candidate, documentKey: Buffer.from(candidate.documentKey) }
  }

  private asItIsNow({ documentKey }: Candidate): Found | undefined {
    const raw = this.query.collection.get(documentKey)
    if (raw === undefined) return undefined
    const doc = readDoc(raw)
    const trace = { arrayIndex: undefined }
    if (!this.query.filter.matchesWithTrace(doc, trace)) return undefined
    return { documentKey, raw, doc, read: undefined, arrayIndex: trace.arrayIndex }
  }

  /** What throws is found again by the scan that comes next. There is one at the most. */
  forEach(found: readonly Found[], work: (one: Found) => boolean): boolean {
    found.forEach(work)
    return true
  }
}
