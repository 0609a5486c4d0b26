import { Binary, Double, Int32, Long, ObjectId, UUID } from 'bson'
import { fieldName } from './field-name'

/*
 * bson's reader, for the types that nearly all documents are made of: it takes little more than half of the time, and
 * every command and every document that is looked at is read. Whatever is rare, or not as it should be, is left to bson:
 * so what it makes of bytes, and what it says of broken ones, is the same.
 */

type Doc = Record<string, unknown>

const TYPE = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  int32: 0x10,
  int64: 0x12,
} as const
const OLD_BINARY = 2
const UUID_BINARY = 4
const UUID_BYTES = 16
const LENGTH_BYTES = 4
const EMPTY_BYTES = 5
const DEPTH_MAX = 200
const REPLACEMENT_CHARACTER = '\ufffd'

/** Stands for a value that is left to bson. */
const LEFT = Symbol('left to bson')

/** What is being read, and where: all of it is synchronous, and nothing else runs meanwhile. */
const NO_BYTES = Buffer.alloc(0)
let bytes: Buffer = NO_BYTES
let at = 0

/** A document, with nothing promoted. undefined: bson shall read it. */
export function readPlain(given: Uint8Array): Doc | undefined {
  if (!Buffer.isBuffer(given) || given.length < EMPTY_BYTES) return undefined
  bytes = given
  at = 0
  const doc = readDocument(given.length, 0)
  bytes = NO_BYTES
  return doc === LEFT || at !== given.length ? undefined : doc
}

/** Bytes that are read in one go of a document that is read in pieces, about: a millisecond's work. */
const PIECE_BYTES = 64 * 1_024

/** The same, with a pause after every piece. */
export function* readPlainInPieces(given: Uint8Array, pieceBytes = PIECE_BYTES): Generator<undefined, Doc | undefined> {
  if (!Buffer.isBuffer(given) || given.length <= pieceBytes) return readPlain(given)
  const whole = new PartlyRead({ given, pieceBytes }, 0, given.length, 0, {})
  return (yield* whole.read()) && whole.end === given.length ? (whole.into as Doc) : undefined
}

/** A document or an array that is large: what it holds is read in runs of what is small, and what is large by itself. */
class PartlyRead {
  /** −1: it is none. */
  readonly end: number
  private next: number

  constructor(
    private readonly source: { readonly given: Buffer; readonly pieceBytes: number },
    start: number,
    limit: number,
    private readonly depth: number,
    readonly into: Doc | unknown[],
  ) {
    this.end = this.readAt(start, () => documentEnd(limit))
    this.next = start + LENGTH_BYTES
  }

  /** False: bson shall read it. */
  *read(): Generator<undefined, boolean> {
    if (this.end < 0 || this.depth > DEPTH_MAX) return false
    while (this.next < this.end - 1) {
      const large = this.readAt(this.next, () => this.readRun())
      if (large === LEFT) return false
      yield
      if (large !== undefined) {
        const { name, isArray } = large
        const inner = new PartlyRead(this.source, this.next, this.end - 1, this.depth + 1, isArray ? [] : {})
        if (!(yield* inner.read())) return false
        this.add(name, inner.into)
        this.next = inner.end
      }
    }
    return this.source.given[this.next] === 0
  }

  /** Reads with `at` there: others may have read something else since. */
  private readAt<T>(start: number, read: () => T): T {
    bytes = this.source.given
    at = start
    const value = read()
    bytes = NO_BYTES
    return value
  }

  /** What stands behind a run of small values: something large, or undefined. */
  private readRun(): { readonly name: string; readonly isArray: boolean } | undefined | typeof LEFT {
    const { end, into, source } = this
    const runEnd = Math.min(at + source.pieceBytes, end - 1)
    while (at < runEnd) {
      const type = bytes[at++] as number
      const nameStart = at
      while (bytes[at] !== 0) at++
      const name = Array.isArray(into) ? '' : fieldName(bytes, nameStart, at)
      at++
      if (type === 0 || at >= end || name === '__proto__' || name === '$ref') return LEFT
      const isArray = type === TYPE.array
      if ((isArray || type === TYPE.document) && at + LENGTH_BYTES < end && int32(at) > source.pieceBytes) {
        this.next = at
        return { name, isArray }
      }
      const value = readValue(type, end - 1, this.depth)
      if (value === LEFT) return LEFT
      this.add(name, value)
    }
    this.next = at
    return undefined
  }

  private add(name: string, value: unknown): void {
    if (Array.isArray(this.into)) this.into.push(value)
    else this.into[name] = value
  }
}

/** What begins at `at`, and must not reach beyond `limit`: where it ends, or −1. */
function documentEnd(limit: number): number {
  if (at + EMPTY_BYTES > limit) return -1
  const end = at + int32(at)
  at += LENGTH_BYTES
  return end - at < 1 || end > limit || bytes[end - 1] !== 0 ? -1 : end
}

function readDocument(limit: number, depth: number): Doc | typeof LEFT {
  const end = documentEnd(limit)
  if (end < 0 || depth > DEPTH_MAX) return LEFT
  const doc: Doc = {}
  for (;;) {
    const type = bytes[at++] as number
    if (type === 0) return at === end ? doc : LEFT
    const nameStart = at
    while (bytes[at] !== 0) at++
    const name = fieldName(bytes, nameStart, at++)
    // References become objects of bson's own.
    if (at >= end || name === '__proto__' || name === '$ref') return LEFT
    const value = readValue(type, end - 1, depth)
    if (value === LEFT) return LEFT
    doc[name] = value
  }
}

function readArray(limit: number, depth: number): unknown[] | typeof LEFT {
  const end = documentEnd(limit)
  if (end < 0 || depth > DEPTH_MAX) return LEFT
  const array: unknown[] = []
  for (;;) {
    const type = bytes[at++] as number
    if (type === 0) return at === end ? array : LEFT
    while (bytes[at] !== 0) at++
    if (++at >= end) return LEFT
    const value = readValue(type, end - 1, depth)
    if (value === LEFT) return LEFT
    array.push(value)
  }
}

/** Leaves `at` behind the value, which must not reach beyond `limit`. */
function readValue(type: number, limit: number, depth: number): unknown {
  switch (type) {
    case TYPE.string:
      return readString(limit)
    case TYPE.int32:
      return skip(4, limit) ? new Int32(int32(at - 4)) : LEFT
    case TYPE.boolean:
      return skip(1, limit) && (bytes[at - 1] as number) <= 1 ? bytes[at - 1] === 1 : LEFT
    case TYPE.date:
      return skip(8, limit) ? new Date(int32(at - 4) * 2 ** 32 + (int32(at - 8) >>> 0)) : LEFT
    case TYPE.document:
      return readDocument(limit, depth + 1)
    case TYPE.array:
      return readArray(limit, depth + 1)
    case TYPE.objectId:
      return skip(12, limit) ? new ObjectId(bytes.subarray(at - 12, at)) : LEFT
    case TYPE.double:
      return skip(8, limit) ? new Double(bytes.readDoubleLE(at - 8)) : LEFT
    case TYPE.int64:
      return skip(8, limit) ? new Long(int32(at - 8), int32(at - 4)) : LEFT
    case TYPE.null:
      return null
    case TYPE.binary:
      return readBinary(limit)
    default:
      return LEFT
  }
}

function skip(count: number, limit: number): boolean {
  at += count
  return at <= limit
}

function int32(from: number): number {
  return (
    (bytes[from] as number) |
    ((bytes[from + 1] as number) << 8) |
    ((bytes[from + 2] as number) << 16) |
    ((bytes[from + 3] as number) << 24)
  )
}

function readString(limit: number): string | typeof LEFT {
  if (!skip(5, limit)) return LEFT
  const start = at - 1
  const size = int32(start - 4)
  at = start + size
  if (size < 1 || at > limit || bytes[at - 1] !== 0) return LEFT
  const text = bytes.toString('utf8', start, at - 1)
  // It may stand in the text, or for what is no UTF-8.
  return text.includes(REPLACEMENT_CHARACTER) ? LEFT : text
}

function readBinary(limit: number): Binary | typeof LEFT {
  if (!skip(5, limit)) return LEFT
  const size = int32(at - 5)
  const subtype = bytes[at - 1] as number
  if (size < 0 || subtype === OLD_BINARY || !skip(size, limit)) return LEFT
  const data = bytes.subarray(at - size, at)
  return subtype === UUID_BINARY && size === UUID_BYTES ? new UUID(data) : new Binary(data, subtype)
}
