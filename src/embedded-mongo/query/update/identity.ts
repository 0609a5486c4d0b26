import { valuesEqual } from '../../bson/compare'
import { getField, hasField, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { type CommandError, immutableField, invalidIdField, showValue } from '../../bson/errors'
import { typeName } from '../../bson/types'

const NOT_AN_ID = new Set(['array', 'regex', 'undefined'])

/** An _id may have every type but these. Throws InvalidIdField. */
export function refuseBadId(id: unknown): void {
  const type = typeName(id)
  if (NOT_AN_ID.has(type)) throw invalidIdField(`The '_id' value cannot be of type ${type}`)
}

/** Throws ImmutableField when an operator changed the _id, and InvalidIdField for one that cannot be. */
export function refuseChangedId(before: Doc, after: Doc): void {
  const id = getField(after, '_id')
  const old = getField(before, '_id')
  if (id === old) return
  if (old !== undefined && (id === undefined || !valuesEqual(id, old))) {
    throw immutableField("Performing an update on the path '_id' would modify the immutable field '_id'")
  }
  refuseBadId(id)
}

/** `after` with the _id that `before` had, in front; an equal one of another type gives way to the old one. */
export function withIdOf(before: Doc, after: Doc): Doc {
  if (!hasField(before, '_id')) {
    if (hasField(after, '_id')) refuseBadId(after['_id'])
    return after
  }
  const id = before['_id']
  if (hasField(after, '_id') && !valuesEqual(after['_id'], id)) throw alteredId(after['_id'])
  const result: Doc = { _id: id }
  for (const [name, value] of Object.entries(after)) if (name !== '_id') setField(result, name, value)
  return result
}

export function alteredId(id: unknown): CommandError {
  return immutableField(
    `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${showValue(id)}`,
  )
}
