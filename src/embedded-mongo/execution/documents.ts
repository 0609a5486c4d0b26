import { ObjectId } from 'bson'
import { readDoc, writeBuffer, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError, documentTooLarge, invalidIdField } from '../bson/errors'
import { bsonType, isNumeric } from '../bson/types'
import { checkBson, firstFieldName, InvalidBsonError, joinFields, rawFields } from '../wire/raw-bson'
import { DOCUMENT_BYTES_MAX } from './batch'
import { changedBytes } from './changed-bytes'

/** A document as it is stored, and read. */
export interface StoredDocument {
  readonly raw: Buffer
  readonly doc: Doc
}

/** Checks a document from outside, gives it an _id if it has none, and puts the _id first. */
export function documentFromClient(bytes: Buffer): StoredDocument {
  try {
    checkBson(bytes)
  } catch (error) {
    if (!(error instanceof InvalidBsonError)) throw error
    throw new CommandError(22, 'InvalidBSON', `invalid BSON: ${error.message}`)
  }
  const raw = firstFieldName(bytes) === '_id' ? bytes : withIdFirst(bytes)
  checkSize(raw)
  const doc = readDoc(raw)
  checkId(doc['_id'])
  return { raw, doc }
}

function withIdFirst(bytes: Buffer): Buffer {
  const fields = [...rawFields(bytes)]
  const id = fields.find((field) => field.name === '_id')
  if (id === undefined) return joinFields([writeDoc({ _id: new ObjectId() }).subarray(4, -1), bytes.subarray(4, -1)])
  return joinFields([
    bytes.subarray(id.start, id.end),
    bytes.subarray(4, id.start),
    bytes.subarray(id.end, bytes.length - 1),
  ])
}

/** The bytes of what an update has made of a document. Throws when it is too large or its _id cannot be one. */
export function documentFromUpdate(before: StoredDocument, after: Doc): Buffer {
  checkId(after['_id'])
  const raw = changedBytes(before.doc, before.raw, after)
  checkSize(raw)
  return raw
}

/** The bytes of a new document that an upsert has made. Throws as documentFromUpdate does. */
export function documentFromUpsert(doc: Doc): Buffer {
  checkId(doc['_id'])
  const raw = writeBuffer(doc)
  checkSize(raw)
  return raw
}

/** A new document that an upsert has made: with an _id, which comes first. */
export function withId(doc: Doc): Doc {
  const { _id: id, ...rest } = doc
  return { _id: id === undefined ? new ObjectId() : id, ...rest }
}

function checkSize(raw: Buffer): void {
  if (raw.length <= DOCUMENT_BYTES_MAX) return
  throw documentTooLarge(`BSONObj size: ${raw.length} is invalid. Size must be between 0 and ${DOCUMENT_BYTES_MAX}`)
}

function checkId(id: unknown): void {
  const type = Array.isArray(id)
    ? 'array'
    : id === undefined
      ? 'undefined'
      : bsonType(id) === 'BSONRegExp'
        ? 'regex'
        : ''
  if (type !== '') throw invalidIdField(`The '_id' value cannot be of type ${type}`)
  if (typeof id !== 'object' || id === null || isNumeric(id) || bsonType(id) !== undefined) return
  const operator = Object.keys(id).find((name) => name.startsWith('$'))
  if (operator !== undefined) {
    throw new CommandError(
      52,
      'DollarPrefixedFieldName',
      `_id fields may not contain '$'-prefixed fields: ${operator} is not valid for storage.`,
    )
  }
}
