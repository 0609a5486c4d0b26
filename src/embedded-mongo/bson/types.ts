import type { Binary, BSONRegExp, Code, DBRef, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson'
import { docOfReference, isDoc } from './doc'
import type { Doc } from './doc'

/**
 * MongoDB's order of types. A value's rank is also the first byte of its key, so none may be 0x00 or 0xff.
 * https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/
 */
export const RANK = {
  minKey: 0x08,
  /** An empty array in an index or a sort: below null. No value of a document has it. */
  emptyArray: 0x10,
  null: 0x18,
  number: 0x20,
  string: 0x28,
  object: 0x30,
  array: 0x38,
  binary: 0x40,
  objectId: 0x48,
  boolean: 0x50,
  date: 0x58,
  timestamp: 0x60,
  regex: 0x68,
  code: 0x78,
  codeWithScope: 0x80,
  maxKey: 0xf0,
} as const
export type Rank = (typeof RANK)[keyof typeof RANK]

/** What stands for an empty array in index entries and sort keys. */
export const EMPTY_ARRAY = Symbol('empty array')

export type Numeric = Int32 | Double | Long | Decimal128 | number | bigint
type BsonObject = Binary | BSONRegExp | Code | DBRef | Decimal128 | Double | Int32 | Long | ObjectId | Timestamp

export type BsonType = BsonObject['_bsontype'] | 'BSONSymbol' | 'MinKey' | 'MaxKey'

/** The name of a bson object's type; undefined for everything that is no object of bson's own. */
export function bsonType(value: unknown): BsonType | undefined {
  if (typeof value !== 'object' || value === null || isDoc(value) || Array.isArray(value)) return undefined
  return (value as { _bsontype?: BsonType })._bsontype
}

const RANK_OF: Readonly<Record<BsonType, Rank>> = {
  MinKey: RANK.minKey,
  Int32: RANK.number,
  Double: RANK.number,
  Long: RANK.number,
  Decimal128: RANK.number,
  BSONSymbol: RANK.string,
  DBRef: RANK.object,
  Binary: RANK.binary,
  ObjectId: RANK.objectId,
  Timestamp: RANK.timestamp,
  BSONRegExp: RANK.regex,
  Code: RANK.code,
  MaxKey: RANK.maxKey,
}

/** The place of a value's type in the order. Missing and null share one. */
export function rankOf(value: unknown): Rank {
  switch (typeof value) {
    case 'string':
      return RANK.string
    case 'number':
    case 'bigint':
      return RANK.number
    case 'boolean':
      return RANK.boolean
    case 'symbol':
      return RANK.emptyArray
    case 'object':
      return value === null ? RANK.null : rankOfObject(value)
    default:
      return RANK.null
  }
}

function rankOfObject(value: object): Rank {
  if (isDoc(value)) return RANK.object
  if (Array.isArray(value)) return RANK.array
  if (value instanceof Date) return RANK.date
  if (value instanceof RegExp) return RANK.regex
  const type = (value as { _bsontype?: BsonType })._bsontype
  if (type === 'Code' && (value as Code).scope) return RANK.codeWithScope
  return type === undefined ? RANK.object : RANK_OF[type]
}

export function isNumeric(value: unknown): value is Numeric {
  return rankOf(value) === RANK.number
}

/** The text of a string or of a (deprecated) symbol. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : String((value as { value: unknown }).value)
}

/** The fields of a sub-document; a DBRef, which bson makes of `{$ref, $id}`, is taken apart again. */
export function docOf(value: object): Doc {
  if (bsonType(value) !== 'DBRef') return value as Doc
  return docOfReference(value as DBRef)
}

/** Pattern and options of a regular expression of either kind. */
export function regexParts(value: unknown): { pattern: string; options: string } {
  if (value instanceof RegExp) return { pattern: value.source, options: value.flags.replaceAll(/[^imsux]/g, '') }
  return value as BSONRegExp
}

export function binaryBytes(value: Binary): Uint8Array {
  return value.buffer.subarray(0, value.position)
}

/** BSON's own number and `$type`'s name for a type: https://www.mongodb.com/docs/manual/reference/bson-types/ */
export const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  minKey: -1,
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  undefined: 6,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  dbPointer: 12,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  maxKey: 127,
}

const TYPE_NAME_OF: Readonly<Record<BsonType, string>> = {
  MinKey: 'minKey',
  Int32: 'int',
  Double: 'double',
  Long: 'long',
  Decimal128: 'decimal',
  BSONSymbol: 'symbol',
  DBRef: 'object',
  Binary: 'binData',
  ObjectId: 'objectId',
  Timestamp: 'timestamp',
  BSONRegExp: 'regex',
  Code: 'javascript',
  MaxKey: 'maxKey',
}

/** `$type`'s name of a value: 'int', 'string', …; 'missing' for undefined. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'long'
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 'int' : 'double'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Date) return 'date'
  if (value instanceof RegExp) return 'regex'
  const type = bsonType(value)
  if (type === 'Code' && (value as Code).scope) return 'javascriptWithScope'
  return type === undefined ? 'object' : TYPE_NAME_OF[type]
}
