import { LARGE_BYTES, readDoc, readDocInPieces } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { DocReader, fieldsOfAll } from './doc-reader'
import { LargeRead } from './large-read'
import type { Query } from './query'
import type { DocumentScan, ScanState } from './scan'
import type { Slice } from './slice'

/** A candidate of the scan that the filter has accepted. */
export interface Match {
  readonly raw: Buffer
  /** What the matcher was to read of it, if it had to be read. */
  readonly doc: Doc | undefined
  readonly arrayIndex: number | undefined
}

export interface MatcherOptions {
  readonly needsTrace: boolean
  /** What is looked at of a document that matches; undefined: it may be anything. */
  readonly fields: ReadonlySet<string> | undefined
}

/** Lets the filter see what the scan finds, and reads of a document what is needed. */
export class Matcher {
  private readonly recheck: boolean
  private readonly needsTrace: boolean
  private readonly fields: ReadonlySet<string> | undefined
  private known: DocReader | undefined
  private large: LargeRead<Match | undefined> | undefined

  /** The scan finds what the filter wants and nothing else. */
  get acceptsAll(): boolean {
    return !this.recheck
  }

  constructor(
    private readonly query: Query,
    private readonly scan: DocumentScan,
    { needsTrace, fields }: MatcherOptions,
  ) {
    this.needsTrace = needsTrace
    this.recheck = needsTrace || !query.plan.exact || scan.widened
    this.fields = fields
  }

  private get reader(): DocReader {
    const { fields, recheck, query } = this
    return (this.known ??= DocReader.of(recheck ? fieldsOfAll(query.filter.fields(), fields) : fields))
  }

  /**
   * Shows `visit` what the scan finds and the filter accepts, until it returns false. A large document is read in as many
   * slices as that takes, and is shown as it was then.
   */
  run(slice: Slice, visit: (match: Match) => boolean): ScanState {
    for (;;) {
      if (this.large !== undefined) {
        const match = this.goOnReading(this.large, slice)
        if (match === 'paused') return 'paused'
        if (match !== undefined && !visit(match)) return 'stopped'
      }
      const state = this.scan.run(slice, (key, raw) => {
        if (!this.recheck) return visit({ raw, doc: undefined, arrayIndex: undefined })
        const bytes = this.reader.bytesOf(raw)
        if (bytes.length >= LARGE_BYTES) {
          const documentKey = Buffer.from(key)
          this.large = new LargeRead(() => this.readLarge(documentKey))
          return false
        }
        const match = this.match(raw, readDoc(bytes))
        return match === undefined || visit(match)
      })
      if (this.large === undefined) return state
    }
  }

  private goOnReading(large: LargeRead<Match | undefined>, slice: Slice): Match | undefined | 'paused' {
    const read = large.run(slice)
    if (read === 'paused') return 'paused'
    this.large = undefined
    return read.value
  }

  /** It is fetched when it is read: who waits for that keeps none of it. */
  private *readLarge(documentKey: Buffer): Generator<undefined, Match | undefined> {
    this.scan.checkAlive()
    const raw = this.scan.collection.get(documentKey)
    return raw && this.match(raw, yield* readDocInPieces(this.reader.bytesOf(raw)))
  }

  private match(raw: Buffer, doc: Doc): Match | undefined {
    if (!this.needsTrace) return this.query.filter.matches(doc) ? { raw, doc, arrayIndex: undefined } : undefined
    const trace = { arrayIndex: undefined }
    if (!this.query.filter.matchesWithTrace(doc, trace)) return undefined
    return { raw, doc, arrayIndex: trace.arrayIndex }
  }

  /** What is looked at of a document that matches. */
  docOf({ raw, doc }: Match): Doc {
    return doc ?? this.reader.read(raw)
  }
}
