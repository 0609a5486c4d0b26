import { mongo } from 'mongoose'
import type { FilterValue, Operator } from '../filter/filter'
import { escapeRegex, type MongoField, type MongoFields, type MongoFilter, prefixRange } from '../filter/mongo-query'

const SORT_KEYS: ReadonlySet<string> = new Set(['name', 'first_name', 'last_name', 'age'])
const METADATA = 'metadata.'
const NOBODY: MongoFilter = { _id: { $in: [] } }

const ID = /^[0-9a-f]{24}$/

/** What no reader needs, left out of what is read. The hash is read by its own method alone. */
export const PUBLIC = {
  password_hash: 0,
  sort_keys: 0,
  grants_end_at: 0,
  access_changed_at: 0,
  sessions_not_before: 0,
  chosen_under: 0,
} as const

/** Whether a text may be somebody's id; any other is nobody's. */
export function isUserId(text: string): boolean {
  return ID.test(text)
}

export function toObjectId(id: string): mongo.ObjectId {
  return mongo.ObjectId.createFromHexString(id)
}

/** Where the value is stored by which lists compare and sort. */
export function userPath(field: string): string {
  return SORT_KEYS.has(field) ? `sort_keys.${field}` : field
}

/** A position keeps points in time as milliseconds. */
export function storedSortValue(field: string, value: string | number): unknown {
  return field === 'created_at' || field === 'updated_at' ? new Date(value) : value
}

/** How each field that can be filtered by is stored. */
export function userFields(now: Date): MongoFields {
  return (field) => {
    if (field.startsWith(METADATA)) return { path: field }
    return FIELDS.get(field) ?? (field === 'roles' || field === 'role' ? rolesField(now) : undefined)
  }
}

const FIELDS: ReadonlyMap<string, MongoField> = new Map<string, MongoField>([
  ['id', { path: '_id', query: idQuery }],
  ['name', { path: userPath('name'), lowerCased: true }],
  ['first_name', { path: userPath('first_name'), lowerCased: true, absent: '' }],
  ['last_name', { path: userPath('last_name'), lowerCased: true, absent: '' }],
  ['email', { path: 'email', lowerCased: true }],
  ['age', { path: userPath('age'), absent: 0 }],
  ['is_active', { path: 'is_active' }],
  ['email_verified', { path: 'email_verified' }],
  ['created_at', { path: 'created_at' }],
  ['updated_at', { path: 'updated_at' }],
])

/** Text that is no id is nobody's. */
function idQuery(operator: Operator | 'pr', value: FilterValue): MongoFilter {
  if (operator === 'pr') return {}
  if (typeof value !== 'string' || !isUserId(value)) return operator === 'ne' ? {} : NOBODY
  const id = toObjectId(value)
  return { _id: operator === 'ne' ? { $ne: id } : id }
}

/** Of a user's grants those that have not ended. */
function rolesField(now: Date): MongoField {
  const holding = (role: MongoFilter): MongoFilter => ({
    grants: { $elemMatch: { ...role, expires_at: { $not: { $lte: now } } } },
  })
  const holdsNone: MongoFilter = { $nor: [holding({})] }
  return {
    path: 'grants',
    query: (operator, value) => {
      if (operator === 'pr') return holding({})
      if (value === null) return operator === 'eq' ? holdsNone : holding({})
      if (operator === 'ne') return { $nor: [holding({ role: value })] }
      if (operator !== 'eq') return holding({ role: roleCondition(operator, String(value)) })
      // Said twice, because not every server looks for an index behind $elemMatch.
      return { 'grants.role': value, ...holding({ role: value }) }
    },
  }
}

function roleCondition(operator: Operator, text: string): unknown {
  if (operator === 'co') return { $regex: escapeRegex(text) }
  if (operator === 'ew') return { $regex: `${escapeRegex(text)}$` }
  return operator === 'sw' ? prefixRange(text) : text
}
