import { DBRef, deserialize, serialize } from 'bson'
import { readPlain } from './read-plain'

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
  const doc: Doc = readPlain(bytes) ?? deserialize(bytes, READ_OPTIONS)
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
  const alone: Doc = {}
  setField(alone, name, value)
  return writeDoc(alone).subarray(4, -1)
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
