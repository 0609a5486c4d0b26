import { DBRef, deserialize, Int32, serialize } from 'bson'
import { readPlain, readPlainInPieces } from './read-plain'

/**
 * A document as it is stored: nothing is promoted. Int32, Double, Long, Decimal128, Binary, ObjectId, BSONRegExp,
 * Timestamp, … are bson's objects; strings, booleans, Date and null are JavaScript's; sub-documents are plain objects
 * and arrays are arrays.
 */
export type Doc = Record<string, unknown>

/** How every document is read, so that no type is lost between reading and writing. */
const READ_OPTIONS = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
  useBigInt64: false,
} as const

export function readDoc(bytes: Uint8Array): Doc {
  return readPlain(bytes) ?? readRare(bytes)
}

/** To read such a document takes a millisecond or more. */
export const LARGE_BYTES = 256 * 1_024

/** The same, with a pause after every millisecond or so. What has values of rare types is read in one go. */
export function* readDocInPieces(bytes: Uint8Array): Generator<undefined, Doc> {
  return (yield* readPlainInPieces(bytes)) ?? readRare(bytes)
}

function readRare(bytes: Uint8Array): Doc {
  const doc: Doc = deserialize(bytes, READ_OPTIONS)
  return doc instanceof DBRef ? docOfReference(doc) : doc
}

/** What looks like a reference is read as one, be it a whole document. */
export function docOfReference(ref: DBRef): Doc {
  return { $ref: ref.collection, $id: ref.oid, ...(ref.db === undefined ? {} : { $db: ref.db }), ...ref.fields }
}

export function writeDoc(doc: Doc): Uint8Array {
  return serialize(doc, { ignoreUndefined: false, checkKeys: false })
}

/** The same bytes, not copied. */
export function writeBuffer(doc: Doc): Buffer {
  const bytes = writeDoc(doc)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** One field, as it stands in a document. */
export function writeField(name: string, value: unknown): Uint8Array {
  // Most updates set these, and bson is slow to begin with.
  if (value instanceof Int32 && isShort(name)) return int32Field(name, value.value)
  if (typeof value === 'string' && isShort(name) && value.length <= SHORT_MAX) return stringField(name, value)
  const alone: Doc = {}
  setField(alone, name, value)
  return writeDoc(alone).subarray(4, -1)
}

const SHORT_MAX = 64 * 1_024

/** Of a name with a zero bson says that it is none. */
function isShort(name: string): boolean {
  return name.length <= SHORT_MAX && !name.includes('\0')
}

function int32Field(name: string, value: number): Buffer {
  const TYPE_INT32 = 0x10
  const nameBytes = Buffer.byteLength(name)
  const field = Buffer.allocUnsafe(nameBytes + 6)
  field[0] = TYPE_INT32
  field.write(name, 1)
  field[nameBytes + 1] = 0
  field.writeInt32LE(value, nameBytes + 2)
  return field
}

function stringField(name: string, value: string): Buffer {
  const TYPE_STRING = 0x02
  const nameBytes = Buffer.byteLength(name)
  const valueBytes = Buffer.byteLength(value)
  const field = Buffer.allocUnsafe(nameBytes + valueBytes + 7)
  field[0] = TYPE_STRING
  field.write(name, 1)
  field[nameBytes + 1] = 0
  field.writeInt32LE(valueBytes + 1, nameBytes + 2)
  field.write(value, nameBytes + 6)
  field[field.length - 1] = 0
  return field
}

const OBJECT_PROTOTYPE: unknown = Object.prototype

/** True for sub-documents; false for arrays, dates, null and bson's own objects. */
export function isDoc(value: unknown): value is Doc {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === OBJECT_PROTOTYPE
}

/** A field of a document, undefined when it is absent. Names such as `constructor` and `__proto__` are safe. */
export function getField(doc: Doc, name: string): unknown {
  const value = doc[name]
  // What a plain object inherits is functions and its prototype: neither is ever a BSON value.
  return typeof value === 'function' || value === OBJECT_PROTOTYPE ? undefined : value
}

export function hasField(doc: Doc, name: string): boolean {
  return Object.hasOwn(doc, name)
}

/** Sets a field in place; `__proto__` becomes a field like any other. */
export function setField(doc: Doc, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(doc, name, { value, writable: true, enumerable: true, configurable: true })
  } else {
    doc[name] = value
  }
}
