import { compileCollation, indexCollation } from '../bson/collation'
import { isDoc, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { cannotCreateIndex, CommandError, failedToParse, showValue, typeMismatch } from '../bson/errors'
import { toNumber } from '../bson/exact'
import { isNumeric, typeName } from '../bson/types'
import { compileFilter } from '../query/filter'
import { EMPTY_INDEX } from '../storage/index-definition'
import type { IndexDefinition } from '../storage/index-definition'
import { directions } from '../storage/index-definition'

/** MongoDB's bounds. */
const INDEX_FIELDS_MAX = 32
const EXPIRE_SECONDS_MAX = 2_147_483_647

const KNOWN_OPTIONS = new Set([
  'background',
  'collation',
  'expireAfterSeconds',
  'hidden',
  'key',
  'name',
  'ns',
  'partialFilterExpression',
  'sparse',
  'unique',
  'v',
])

/** What a client asks for, before it is given a tree. */
export type IndexSpec = Omit<IndexDefinition, 'tree' | 'ready' | 'multikey' | 'truncatedKeys'>

/** Throws CommandError for an index that cannot be. */
export function parseIndexSpec(doc: Doc): IndexSpec {
  const unknown = Object.keys(doc).find((option) => !KNOWN_OPTIONS.has(option))
  if (unknown !== undefined) {
    const message = `The field '${unknown}' is not valid for an index specification. Specification: ${showValue(doc)}`
    throw new CommandError(197, 'InvalidIndexSpecificationOption', message)
  }
  for (const field of ['key', 'name']) {
    if (doc[field] === undefined)
      throw failedToParse(`The '${field}' field is a required property of an index specification`)
  }
  const { key, name } = doc
  if (!isDoc(key)) throw typeMismatch(`The field 'key' must be an object, but got ${typeName(key)}`)
  if (typeof name !== 'string') throw typeMismatch(`The field 'name' must be a string, but got ${typeName(name)}`)
  if (name === '' || name === '*') throw cannotCreateIndex(`The index name '${name}' is not valid`)
  checkKey(key)
  return {
    name,
    key,
    unique: flag(doc, 'unique'),
    sparse: flag(doc, 'sparse'),
    hidden: flag(doc, 'hidden'),
    partialFilter: partialFilterOf(doc),
    expireAfterSeconds: expiryOf(doc, key),
    collation: collationOf(doc),
  }
}

function collationOf({ collation }: Doc): Doc | undefined {
  if (collation === undefined) return undefined
  if (!isDoc(collation)) throw typeMismatch("The field 'collation' must be an object")
  return indexCollation(collation)
}

function checkKey(key: Doc): void {
  const fields = Object.entries(key)
  if (fields.length === 0) throw cannotCreateIndex('Index keys cannot be an empty object')
  if (fields.length > INDEX_FIELDS_MAX) throw cannotCreateIndex(`an index has at most ${INDEX_FIELDS_MAX} fields`)
  for (const [path, order] of fields) {
    if (path === '' || path.split('.').some((part) => part === '' || part.startsWith('$'))) {
      throw cannotCreateIndex(`Index keys cannot contain an empty or '$'-prefixed field: '${path}'`)
    }
    if (path.includes('$**') || typeof order === 'string') {
      throw cannotCreateIndex(`index type ${showValue(order)} is not supported by this server: ${path}`)
    }
    if (!isNumeric(order) || !(toNumber(order) !== 0)) {
      const message = `Values in the index key pattern must be numbers other than 0: { ${path}: ${showValue(order)} }`
      throw cannotCreateIndex(message)
    }
  }
}

function flag(doc: Doc, option: string): boolean {
  const value = doc[option]
  if (value === undefined || typeof value === 'boolean') return value ?? false
  if (isNumeric(value)) return toNumber(value) !== 0
  throw typeMismatch(`The field '${option}' has value ${showValue(value)}, which is not convertible to bool`)
}

function partialFilterOf(doc: Doc): Doc | undefined {
  const filter = doc['partialFilterExpression']
  if (filter === undefined) return undefined
  if (!isDoc(filter)) throw typeMismatch("The field 'partialFilterExpression' must be an object")
  if (flag(doc, 'sparse')) throw cannotCreateIndex('cannot mix "partialFilterExpression" and "sparse" options')
  const operator = findUnsupported(filter)
  if (operator !== undefined) throw cannotCreateIndex(`Expression not supported in partial index: ${operator}`)
  compileFilter(filter)
  return filter
}

/** https://www.mongodb.com/docs/manual/core/index-partial/ */
const PARTIAL_OPERATORS = new Set(['$eq', '$exists', '$gt', '$gte', '$lt', '$lte', '$type', '$and', '$or', '$in'])

function findUnsupported(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(findUnsupported).find((found) => found !== undefined)
  if (!isDoc(value)) return undefined
  for (const [name, operand] of Object.entries(value)) {
    const isExistsFalse = name === '$exists' && (operand === false || (isNumeric(operand) && toNumber(operand) === 0))
    if ((name.startsWith('$') && !PARTIAL_OPERATORS.has(name)) || isExistsFalse) return name
    const found = findUnsupported(operand)
    if (found !== undefined) return found
  }
  return undefined
}

function expiryOf(doc: Doc, key: Doc): number | undefined {
  const value = doc['expireAfterSeconds']
  return value === undefined ? undefined : checkExpiry(value, key, cannotCreateIndex)
}

/** The seconds after which documents go; what cannot be is an error as `refuse` makes it. */
export function checkExpiry(value: unknown, key: Doc, refuse: (message: string) => CommandError): number {
  const seconds = isNumeric(value) ? toNumber(value) : NaN
  if (!(seconds >= 0 && seconds <= EXPIRE_SECONDS_MAX)) {
    throw refuse(`TTL index 'expireAfterSeconds' must be within the range 0 to ${EXPIRE_SECONDS_MAX}`)
  }
  if (Object.keys(key).length > 1)
    throw refuse('TTL indexes are single-field indexes, compound indexes do not support TTL')
  if (Object.hasOwn(key, '_id')) throw refuse("The field 'expireAfterSeconds' is not valid for an _id index")
  return seconds
}

/** How listIndexes shows an index. */
export function showIndex(definition: IndexDefinition): Doc {
  const { name, key, unique, sparse, hidden, partialFilter, expireAfterSeconds, collation } = definition
  return {
    v: 2,
    key,
    name,
    ...(unique ? { unique } : {}),
    ...(sparse ? { sparse } : {}),
    ...(hidden ? { hidden } : {}),
    ...(partialFilter === undefined ? {} : { partialFilterExpression: partialFilter }),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    ...(collation === undefined ? {} : { collation }),
  }
}

/** True when the index is there already. Throws 85 or 86 when something is in its way. */
export function isPresent(existing: readonly IndexDefinition[], spec: IndexSpec): boolean {
  const named = existing.find((index) => index.name === spec.name)
  if (named !== undefined) {
    if (signature(named) !== signature(spec)) {
      throw new CommandError(
        86,
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. Requested index: ${showSpec(spec)}, existing index: ${showSpec(named)}`,
      )
    }
    if (named.expireAfterSeconds === spec.expireAfterSeconds && named.hidden === spec.hidden) return true
    throw new CommandError(
      85,
      'IndexOptionsConflict',
      `An equivalent index already exists with the same name but different options. Requested index: ${showSpec(spec)}, existing index: ${showSpec(named)}`,
    )
  }
  const same = existing.find((index) => signature(index) === signature(spec))
  if (same === undefined) return false
  throw new CommandError(
    85,
    'IndexOptionsConflict',
    `Index already exists with a different name: ${same.name}. Requested index: ${showSpec(spec)}, existing index: ${showSpec(same)}`,
  )
}

/** What makes an index the index that it is. */
function signature({ key, unique, sparse, partialFilter, collation }: IndexSpec): string {
  const filter = partialFilter === undefined ? '' : Buffer.from(writeDoc(partialFilter)).toString('latin1')
  return JSON.stringify([
    Object.entries(directions(key)),
    unique,
    sparse,
    filter,
    compileCollation(collation)?.signature,
  ])
}

function showSpec(spec: IndexSpec): string {
  return showValue(showIndex({ ...spec, ...EMPTY_INDEX, tree: 0 }))
}
