import { isUtf8 } from 'node:buffer'
import { fieldName } from '../bson/field-name'

/*
 * Raw BSON without reading it into objects: checked, walked and cut by its lengths. https://bsonspec.org/spec.html
 */

/** How deep documents may nest: MongoDB's own bound for what it stores. */
export const NESTING_MAX = 180

const TYPE_STRING = 0x02
export const TYPE_DOCUMENT = 0x03
export const TYPE_ARRAY = 0x04
const TYPE_BINARY = 0x05
const TYPE_BOOLEAN = 0x08
const TYPE_REGEX = 0x0b
const TYPE_DB_POINTER = 0x0c
const TYPE_CODE = 0x0d
const TYPE_SYMBOL = 0x0e
const TYPE_CODE_WITH_SCOPE = 0x0f

/** Bytes of the values whose size their type alone tells; −1 for all others. */
const FIXED_BYTES = new Int8Array(256).fill(-1)
for (const [type, bytes] of [
  [0x01, 8],
  [0x06, 0],
  [0x07, 12],
  [TYPE_BOOLEAN, 1],
  [0x09, 8],
  [0x0a, 0],
  [0x10, 4],
  [0x11, 8],
  [0x12, 8],
  [0x13, 16],
  [0x7f, 0],
  [0xff, 0],
] as const) {
  FIXED_BYTES[type] = bytes
}

export class InvalidBsonError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvalidBsonError'
  }
}

/** Throws InvalidBsonError unless the bytes are one well-formed document that can be read back. */
export function checkBson(bytes: Buffer): void {
  checkDocument(bytes, 0, bytes.length, 1)
}

function checkDocument(bytes: Buffer, start: number, limit: number, depth: number): number {
  if (depth > NESTING_MAX) throw new InvalidBsonError(`nested deeper than ${NESTING_MAX} levels`)
  const size = start + 5 <= limit ? bytes.readInt32LE(start) : -1
  const end = start + size
  if (size < 5 || end > limit || bytes[end - 1] !== 0) throw new InvalidBsonError('a document of a wrong length')
  let at = start + 4
  while (at < end - 1) {
    const type = bytes[at] as number
    const nameEnd = cstringEnd(bytes, at + 1, end)
    at = checkValue(bytes, type, nameEnd + 1, end - 1, depth)
  }
  if (at !== end - 1) throw new InvalidBsonError('a value reaches beyond its document')
  return end
}

/** Where the value ends that begins at `at`. Throws InvalidBsonError. */
export function checkValue(bytes: Buffer, type: number, at: number, limit: number, depth: number): number {
  const fixed = FIXED_BYTES[type] as number
  if (fixed >= 0) {
    if (type === TYPE_BOOLEAN && (bytes[at] as number) > 1) throw new InvalidBsonError('a boolean that is neither')
    return within(at + fixed, limit)
  }
  switch (type) {
    case TYPE_STRING:
    case TYPE_CODE:
    case TYPE_SYMBOL:
      return checkString(bytes, at, limit)
    case TYPE_DOCUMENT:
    case TYPE_ARRAY:
      return checkDocument(bytes, at, limit, depth + 1)
    case TYPE_BINARY:
      return checkBinary(bytes, at, limit)
    case TYPE_REGEX:
      return cstringEnd(bytes, cstringEnd(bytes, at, limit) + 1, limit) + 1
    case TYPE_DB_POINTER:
      return within(checkString(bytes, at, limit) + 12, limit)
    case TYPE_CODE_WITH_SCOPE:
      return checkCodeWithScope(bytes, at, limit, depth)
    default:
      throw new InvalidBsonError(`unknown type ${type}`)
  }
}

function within(at: number, limit: number): number {
  if (at > limit) throw new InvalidBsonError('a value reaches beyond its document')
  return at
}

/** Throws InvalidBsonError where there is no end, or what is before it is no UTF-8. */
export function cstringEnd(bytes: Buffer, start: number, limit: number): number {
  let ascii = true
  for (let at = start; at < limit; at++) {
    const byte = bytes[at] as number
    if (byte === 0) {
      if (!ascii && !isUtf8(bytes.subarray(start, at))) throw new InvalidBsonError('a name that is not UTF-8')
      return at
    }
    if (byte > 0x7f) ascii = false
  }
  throw new InvalidBsonError('a name without an end')
}

function checkString(bytes: Buffer, at: number, limit: number): number {
  const size = at + 4 <= limit ? bytes.readInt32LE(at) : 0
  const end = at + 4 + size
  if (size < 1 || end > limit || bytes[end - 1] !== 0) throw new InvalidBsonError('a string of a wrong length')
  if (!isUtf8(bytes.subarray(at + 4, end - 1))) throw new InvalidBsonError('a string that is not UTF-8')
  return end
}

function checkBinary(bytes: Buffer, at: number, limit: number): number {
  const OLD_BINARY = 2
  const size = at + 5 <= limit ? bytes.readInt32LE(at) : -1
  if (size < 0) throw new InvalidBsonError('binary data of a wrong length')
  const end = within(at + 5 + size, limit)
  // The old subtype repeats its length inside.
  if (bytes[at + 4] === OLD_BINARY && (size < 4 || bytes.readInt32LE(at + 5) !== size - 4)) {
    throw new InvalidBsonError('binary data of a wrong length')
  }
  return end
}

function checkCodeWithScope(bytes: Buffer, at: number, limit: number, depth: number): number {
  const size = at + 4 <= limit ? bytes.readInt32LE(at) : -1
  const end = within(at + size, limit)
  if (size < 14) throw new InvalidBsonError('code with scope of a wrong length')
  if (checkDocument(bytes, checkString(bytes, at + 4, end), end, depth + 1) !== end) {
    throw new InvalidBsonError('code with scope of a wrong length')
  }
  return end
}

/** Where the fields of a document begin, behind its length. */
export const FIRST_FIELD = 4

/** One field of a document: its bytes run from `start` (the type) to `end`, its value from `value`. */
export interface RawElement {
  readonly type: number
  readonly start: number
  readonly value: number
  readonly end: number
}

export interface RawField extends RawElement {
  readonly name: string
}

/** The name of the first field, undefined for an empty document. For a command that is its name. */
export function firstFieldName(bytes: Buffer): string | undefined {
  if (bytes.length <= 5) return undefined
  const end = bytes.indexOf(0, 5)
  return end < 0 ? undefined : fieldName(bytes, 5, end)
}

/** The top-level fields of a document that checkBson has passed. */
export function* rawFields(bytes: Buffer): Generator<RawField> {
  for (const element of rawElements(bytes)) {
    yield { name: fieldName(bytes, element.start + 1, element.value - 1), ...element }
  }
}

/** The same where nobody asks for the names. */
export function* rawElements(bytes: Buffer): Generator<RawElement> {
  let start = FIRST_FIELD
  while (bytes[start] !== 0) {
    const type = bytes[start] as number
    const value = nameEndAt(bytes, start + 1) + 1
    const end = fieldEnd(bytes, type, start, value)
    yield { type, start, value, end }
    start = end
  }
}

/** Where a name ends, or the bytes do. */
function nameEndAt(bytes: Buffer, start: number): number {
  let end = start
  while ((bytes[end] as number) > 0) end++
  return end
}

/** Throws InvalidBsonError where a damaged file has made nonsense of what was checked once: it must not be walked for ever. */
function fieldEnd(bytes: Buffer, type: number, start: number, value: number): number {
  const end = value + valueBytes(bytes, type, value)
  if (end <= start || end >= bytes.length) throw new InvalidBsonError('a value reaches beyond its document')
  return end
}

function valueBytes(bytes: Buffer, type: number, at: number): number {
  const fixed = FIXED_BYTES[type] as number
  if (fixed >= 0) return fixed
  switch (type) {
    case TYPE_STRING:
    case TYPE_CODE:
    case TYPE_SYMBOL:
      return 4 + bytes.readInt32LE(at)
    case TYPE_BINARY:
      return 5 + bytes.readInt32LE(at)
    case TYPE_REGEX:
      return bytes.indexOf(0, bytes.indexOf(0, at) + 1) + 1 - at
    case TYPE_DB_POINTER:
      return 4 + bytes.readInt32LE(at) + 12
    default:
      return bytes.readInt32LE(at)
  }
}

/** A document of the given pieces of others' bytes, each a run of whole fields. */
export function joinFields(pieces: readonly Uint8Array[]): Buffer {
  let size = 5
  for (const piece of pieces) size += piece.length
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeInt32LE(size, 0)
  let at = 4
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  bytes[at] = 0
  return bytes
}

/** Top-level fields to keep or to leave out, made once and cut out of many documents. */
export class FieldCut {
  /** By length, so that a name is compared with few others, and not decoded; where they are many, in latin1. */
  private readonly namesByLength: (Buffer[] | Set<string>)[] = []

  constructor(
    private readonly mode: 'include' | 'exclude',
    fields: ReadonlySet<string>,
  ) {
    for (const field of fields) {
      const name = Buffer.from(field)
      const alike = (this.namesByLength[name.length] ??= [])
      if (Array.isArray(alike) && alike.length < COMPARED_MAX) alike.push(name)
      else this.namesByLength[name.length] = withName(alike, name)
    }
  }

  /** Works on a document that checkBson has passed. Fields keep the document's order. */
  apply(bytes: Buffer): Buffer {
    const cut = Buffer.allocUnsafe(bytes.length)
    let size = 4
    let start = FIRST_FIELD
    // Where the fields begin that are kept, one after the other, and not yet copied.
    let kept = start
    while (bytes[start] !== 0) {
      const nameEnd = nameEndAt(bytes, start + 1)
      const value = nameEnd + 1
      const end = fieldEnd(bytes, bytes[start] as number, start, value)
      if (!this.keeps(bytes, start + 1, nameEnd)) {
        if (start > kept) size += bytes.copy(cut, size, kept, start)
        kept = end
      }
      start = end
    }
    if (start > kept) size += bytes.copy(cut, size, kept, start)
    cut[size++] = 0
    cut.writeInt32LE(size, 0)
    return cut.subarray(0, size)
  }

  /** Those fields that are kept. */
  fields(bytes: Buffer): readonly RawField[] {
    const kept: RawField[] = []
    let start = FIRST_FIELD
    while (bytes[start] !== 0) {
      const type = bytes[start] as number
      const nameEnd = nameEndAt(bytes, start + 1)
      const end = fieldEnd(bytes, type, start, nameEnd + 1)
      if (this.keeps(bytes, start + 1, nameEnd)) {
        kept.push({ name: fieldName(bytes, start + 1, nameEnd), type, start, value: nameEnd + 1, end })
      }
      start = end
    }
    return kept
  }

  private keeps(bytes: Buffer, nameStart: number, nameEnd: number): boolean {
    return this.isNamed(bytes, nameStart, nameEnd) === (this.mode === 'include')
  }

  private isNamed(bytes: Buffer, start: number, end: number): boolean {
    const names = this.namesByLength[end - start]
    if (names === undefined) return false
    if (names instanceof Set) return names.has(bytes.toString('latin1', start, end))
    for (const name of names) if (startsWithAt(bytes, start, name)) return true
    return false
  }
}

/** More names of one length are looked up. */
const COMPARED_MAX = 8

function withName(names: readonly Buffer[] | Set<string>, name: Buffer): Set<string> {
  const set = names instanceof Set ? names : new Set(names.map((known) => known.toString('latin1')))
  return set.add(name.toString('latin1'))
}

function startsWithAt(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false
  return true
}
