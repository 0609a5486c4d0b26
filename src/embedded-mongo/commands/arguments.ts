import { Binary, Long } from 'bson'
import { getField, isDoc, readDoc, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { badValue, CommandError, failedToParse, invalidNamespace, typeMismatch } from '../bson/errors'
import { toNumber } from '../bson/exact'
import { isNumeric, typeName } from '../bson/types'
import { TimeLimit } from '../execution/slice'
import { evaluateLet } from '../query/let'

/** Fields that any command may have. */
const GENERIC_FIELDS: ReadonlySet<string> = new Set([
  '$db',
  '$readPreference',
  '$clusterTime',
  'lsid',
  'txnNumber',
  'autocommit',
  'startTransaction',
  'readConcern',
  'writeConcern',
  'maxTimeMS',
  'comment',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  '$audit',
  '$client',
])

const DATABASE_NAME_BYTES_MAX = 63
const NAMESPACE_BYTES_MAX = 255

/**
 * The fields of a command, or of a statement within one, read by type. Each reader throws what MongoDB answers for a
 * field of a wrong type: TypeMismatch (14), BadValue (2), or a code of its own.
 */
export class Arguments {
  private checkedDatabase: string | undefined

  constructor(
    /** What messages call it: the command's name, or `update.updates`. */
    readonly name: string,
    private readonly doc: Doc,
    private readonly sequences: ReadonlyMap<string, readonly Buffer[]> = new Map(),
    /** How long the command may take when it does not say so itself. */
    private readonly operationMs?: number,
  ) {}

  /** Throws 40415 for a field that nobody reads. */
  checkFields(known: readonly string[] | 'any'): void {
    if (known === 'any') return
    for (const field of Object.keys(this.doc)) this.checkField(field, known)
    for (const field of this.sequences.keys()) this.checkField(field, known)
  }

  private checkField(field: string, known: readonly string[]): void {
    if (known.includes(field) || field === this.name || GENERIC_FIELDS.has(field)) return
    throw new CommandError(40415, 'Location40415', `BSON field '${this.name}.${field}' is an unknown field.`)
  }

  get(field: string): unknown {
    return getField(this.doc, field)
  }

  has(field: string): boolean {
    const value = this.get(field)
    return value !== undefined && value !== null
  }

  get database(): string {
    return (this.checkedDatabase ??= this.readDatabase())
  }

  private readDatabase(): string {
    const name = this.get('$db')
    if (name === undefined) throw new CommandError(40571, 'Location40571', 'OP_MSG requests require a $db argument')
    if (typeof name !== 'string') throw this.wrongType('$db', name, 'string')
    return checkDatabaseName(name)
  }

  /** The collection that the command is for: the value of its first field. */
  get collection(): string {
    return this.collectionIn(this.name)
  }

  collectionIn(field: string): string {
    const value = this.get(field)
    if (typeof value !== 'string') throw invalidNamespace(`collection name has invalid type ${typeName(value)}`)
    return checkCollectionName(this.database, value)
  }

  string(field: string): string | undefined {
    const value = this.present(field)
    if (value === undefined || typeof value === 'string') return value
    throw this.wrongType(field, value, 'string')
  }

  requiredString(field: string): string {
    return this.required(field, this.string(field))
  }

  document(field: string): Doc | undefined {
    const value = this.present(field)
    if (value === undefined || isDoc(value)) return value
    throw this.wrongType(field, value, 'object')
  }

  /** The values of a `let`. */
  variables(field: string): Doc | undefined {
    const spec = this.document(field)
    return spec === undefined ? undefined : evaluateLet(spec)
  }

  requiredDocument(field: string): Doc {
    return this.required(field, this.document(field))
  }

  boolean(field: string): boolean {
    const value = this.present(field)
    if (value === undefined) return false
    if (typeof value === 'boolean') return value
    if (isNumeric(value)) return toNumber(value) !== 0
    throw this.wrongType(field, value, "[bool, long, int, decimal, double]'", '')
  }

  /** Does a write stop at its first error? It does if nobody says otherwise. */
  ordered(): boolean {
    return !this.has('ordered') || this.boolean('ordered')
  }

  /** A whole number ≥ 0. */
  count(field: string): number | undefined {
    const value = this.present(field)
    if (value === undefined) return undefined
    if (!isNumeric(value)) throw this.wrongType(field, value, "[long, int, decimal, double]'", '')
    const number = Math.trunc(toNumber(value))
    if (Number.isNaN(number)) throw badValue(`BSON field '${this.name}.${field}' is not a number`)
    if (number < 0) {
      const message = `BSON field '${field}' value must be >= 0, actual value '${number}'`
      throw new CommandError(51024, 'Location51024', message)
    }
    return number
  }

  long(field: string): Long {
    const value = this.get(field)
    if (value instanceof Long) return value
    if (isNumeric(value)) return Long.fromNumber(toNumber(value))
    throw this.wrongType(field, value, 'long')
  }

  array(field: string): readonly unknown[] | undefined {
    const value = this.present(field)
    if (value === undefined || Array.isArray(value)) return value as readonly unknown[] | undefined
    throw this.wrongType(field, value, 'array')
  }

  requiredArray(field: string): readonly unknown[] {
    return this.required(field, this.array(field))
  }

  /** An array of documents, from the body or from a document sequence. */
  documents(field: string): readonly Doc[] | undefined {
    const sequence = this.sequences.get(field)
    if (sequence !== undefined) return sequence.map((bytes) => readDoc(bytes))
    const values = this.array(field)
    values?.forEach((value, i) => {
      if (!isDoc(value)) throw this.wrongType(`${field}.${i}`, value, 'object')
    })
    return values as readonly Doc[] | undefined
  }

  requiredDocuments(field: string): readonly Doc[] {
    return this.required(field, this.documents(field))
  }

  /** The same as raw bytes, as they came where they came in a sequence. */
  rawDocuments(field: string): readonly Buffer[] {
    return this.sequences.get(field) ?? this.requiredDocuments(field).map((doc) => Buffer.from(writeDoc(doc)))
  }

  /** Documents that came as they are; none where there are none. */
  sequence(field: string): readonly Buffer[] {
    return this.sequences.get(field) ?? []
  }

  hint(): string | Doc | undefined {
    const hint = this.present('hint')
    if (hint === undefined || typeof hint === 'string' || isDoc(hint)) return hint
    throw failedToParse(`Field 'hint' must be a string or an object`)
  }

  timeLimit(): TimeLimit {
    return new TimeLimit(this.count('maxTimeMS') ?? this.operationMs)
  }

  /** The client's logical session, as a key. */
  session(): string | undefined {
    return sessionKey(this.get('lsid'))
  }

  private present(field: string): unknown {
    const value = this.get(field)
    return value === null ? undefined : value
  }

  private required<T>(field: string, value: T | undefined): T {
    if (value !== undefined) return value
    throw new CommandError(40414, 'Location40414', `BSON field '${this.name}.${field}' is missing but a required field`)
  }

  private wrongType(field: string, value: unknown, expected: string, quote = "'"): CommandError {
    const types = quote === '' ? `types '${expected}` : `type '${expected}'`
    return typeMismatch(`BSON field '${this.name}.${field}' is the wrong type '${typeName(value)}', expected ${types}`)
  }
}

export function sessionKey(lsid: unknown): string | undefined {
  const id = isDoc(lsid) ? lsid['id'] : undefined
  return id instanceof Binary ? (id.buffer as Buffer).toString('latin1') : undefined
}

/** `database.collection`, both checked. */
export function parseNamespace(namespace: string): readonly [database: string, name: string] {
  const dot = namespace.indexOf('.')
  if (dot < 0) throw invalidNamespace(`Invalid namespace specified '${namespace}'`)
  const database = checkDatabaseName(namespace.slice(0, dot))
  return [database, checkCollectionName(database, namespace.slice(dot + 1))]
}

// eslint-disable-next-line no-control-regex -- NUL is one of the characters that a name may not have
const NOT_IN_DATABASE_NAME = /[\u0000/\\. "$*<>:|?]/

function checkDatabaseName(name: string): string {
  if (name.length > 0 && Buffer.byteLength(name) <= DATABASE_NAME_BYTES_MAX && !NOT_IN_DATABASE_NAME.test(name)) {
    return name
  }
  throw invalidNamespace(`Invalid database name: '${name}'`)
}

function checkCollectionName(database: string, name: string): string {
  const namespace = `${database}.${name}`
  const wellFormed = name.length > 0 && !name.startsWith('.') && !name.includes('$') && !name.includes('\0')
  if (!wellFormed) throw invalidNamespace(`Invalid namespace specified '${namespace}'`)
  if (Buffer.byteLength(namespace) > NAMESPACE_BYTES_MAX) {
    throw invalidNamespace(`Fully qualified namespace is too long. Namespace: ${namespace} Max: ${NAMESPACE_BYTES_MAX}`)
  }
  return name
}
