import { Decimal128, Double, Int32, Long, ObjectId } from 'bson'
import { isDoc } from './doc'
import type { Doc } from './doc'

/**
 * An error that a client is told of as `{ ok: 0, errmsg, code, codeName, ...extra }`.
 * Codes and names: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
 */
export class CommandError extends Error {
  readonly code: number
  readonly codeName: string
  /** Further fields of the answer, such as keyPattern and keyValue. */
  readonly extra: Readonly<Doc>

  constructor(code: number, codeName: string, message: string, extra: Doc = {}) {
    super(message)
    this.name = 'CommandError'
    this.code = code
    this.codeName = codeName
    this.extra = extra
  }
}

const named = (code: number, codeName: string) => (message: string) => new CommandError(code, codeName, message)

export const badValue = named(2, 'BadValue')
export const failedToParse = named(9, 'FailedToParse')
export const unauthorized = named(13, 'Unauthorized')
export const typeMismatch = named(14, 'TypeMismatch')
export const overflow = named(15, 'Overflow')
export const illegalOperation = named(20, 'IllegalOperation')
export const namespaceNotFound = named(26, 'NamespaceNotFound')
export const indexNotFound = named(27, 'IndexNotFound')
export const pathNotViable = named(28, 'PathNotViable')
export const conflictingUpdate = named(40, 'ConflictingUpdateOperators')
export const cursorNotFound = named(43, 'CursorNotFound')
export const namespaceExists = named(48, 'NamespaceExists')
export const dollarPrefixedFieldName = named(52, 'DollarPrefixedFieldName')
export const invalidIdField = named(53, 'InvalidIdField')
export const emptyFieldName = named(56, 'EmptyFieldName')
export const commandNotFound = named(59, 'CommandNotFound')
export const immutableField = named(66, 'ImmutableField')
export const cannotCreateIndex = named(67, 'CannotCreateIndex')
export const invalidOptions = named(72, 'InvalidOptions')
export const invalidNamespace = named(73, 'InvalidNamespace')
export const writeConflict = (): CommandError =>
  new CommandError(
    112,
    'WriteConflict',
    'Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.',
  )
export const parallelArrays = named(171, 'CannotIndexParallelArrays')
export const noSuchTransaction = named(251, 'NoSuchTransaction')
export const notInTransaction = named(263, 'OperationNotSupportedInTransaction')
export const notImplemented = named(238, 'NotImplemented')
export const documentTooLarge = named(10334, 'BSONObjectTooLarge')

export function collectionDropped(namespace: string): CommandError {
  return new CommandError(175, 'QueryPlanKilled', `collection dropped: ${namespace}`)
}

export function tooMuchMemory(what: string, bytesMax: number): CommandError {
  const message = `Executor error during find command :: caused by :: ${what} exceeded memory limit of ${bytesMax} bytes, and this server does not use the disk for it.`
  return new CommandError(292, 'QueryExceededMemoryLimitNoDiskUseAllowed', message)
}

/** `errInfo` says which document, and why. */
export function documentInvalid(errInfo: Doc): CommandError {
  return new CommandError(121, 'DocumentValidationFailure', 'Document failed validation', { errInfo })
}

/** E11000. The message has the shape that drivers and Mongoose take apart. */
export function duplicateKey(namespace: string, indexName: string, keyPattern: Doc, keyValue: Doc): CommandError {
  const shown = Object.entries(keyValue).map(([name, value]) => `${name}: ${showValue(value)}`)
  const message = `E11000 duplicate key error collection: ${namespace} index: ${indexName} dup key: { ${shown.join(', ')} }`
  return new CommandError(11000, 'DuplicateKey', message, { keyPattern, keyValue })
}

/** A value as MongoDB shows it in error messages; bson's own types in their canonical text. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(showValue).join(', ')} ]`
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`
  if (value instanceof Double) return Number.isInteger(value.value) ? `${value.value}.0` : value.toString()
  if (value instanceof Int32 || value instanceof Long) return value.toString()
  if (value instanceof Decimal128) return `Decimal128('${value.toString()}')`
  if (isDoc(value)) return showDoc(value)
  return JSON.stringify(value ?? null)
}

function showDoc(doc: Doc): string {
  const fields = Object.entries(doc).map(([name, value]) => `${name}: ${showValue(value)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/** What an error says; anything can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
