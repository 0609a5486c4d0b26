import { ObjectId } from 'bson'
import { writeBuffer, writeField } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError, documentTooLarge, invalidIdField } from '../bson/errors'
import { bsonType, isNumeric } from '../bson/types'
import { checkBson, FieldCut, FIRST_FIELD, firstFieldName, InvalidBsonError, joinFields } from '../wire/raw-bson'
import { DOCUMENT_BYTES_MAX } from './batch'
import { changedBytes, changedFields } from './changed-bytes'
import type { DocReader } from './doc-reader'

/** A document as it is stored, and read. */
export interface StoredDocument {
  readonly raw: Buffer
  readonly doc: Doc
}

/**
 * Checks a document from outside, gives it an _id if it has none, and puts the _id first. Of what it holds
 * no more is read than `reader` reads, _id included.
 */
export function documentFromClient(bytes: Buffer, reader: DocReader): StoredDocument {
  checkDocument(bytes)
  const raw = idFirst(bytes)
  checkSize(raw)
  const doc = reader.read(raw)
  checkId(doc['_id'])
  return { raw, doc }
}

/** Throws InvalidBSON (22). */
export function checkDocument(bytes: Buffer): void {
  try {
    checkBson(bytes)
  } catch (error) {
    if (!(error instanceof InvalidBsonError)) throw error
    throw new CommandError(22, 'InvalidBSON', `invalid BSON: ${error.message}`)
  }
}

const ID_FIELD = new FieldCut('include', new Set(['_id']))

/** JavaScript puts names that are whole numbers before it, and clients what they like. */
function idFirst(bytes: Buffer): Buffer {
  if (firstFieldName(bytes) === '_id') return bytes
  const [id] = ID_FIELD.fields(bytes)
  if (id === undefined) return joinFields([writeField('_id', new ObjectId()), bytes.subarray(FIRST_FIELD, -1)])
  return joinFields([
    bytes.subarray(id.start, id.end),
    bytes.subarray(FIRST_FIELD, id.start),
    bytes.subarray(id.end, bytes.length - 1),
  ])
}

/**
 * The bytes of what an update has made of a document, of which no more was read than `read`. Throws when it is too large
 * or its _id cannot be one. undefined: the whole document must be read to tell.
 */
export function documentFromUpdate(before: StoredDocument, after: Doc, read: FieldCut | undefined): Buffer | undefined {
  checkId(after['_id'])
  const raw =
    read === undefined
      ? changedBytes(before.doc, before.raw, after)
      : changedFields(before.doc, before.raw, after, read)
  if (raw === undefined) return undefined
  checkSize(raw)
  return idFirst(raw)
}

/** A new document that an upsert has made: with an _id, which comes first. Throws as documentFromUpdate does. */
export function documentFromUpsert(made: Doc): StoredDocument {
  const { _id: id, ...rest } = made
  const doc = { _id: id === undefined ? new ObjectId() : id, ...rest }
  checkId(doc._id)
  const raw = idFirst(writeBuffer(doc))
  checkSize(raw)
  return { raw, doc }
}

export function checkSize(raw: Buffer): void {
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
