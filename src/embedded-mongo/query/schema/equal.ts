import { isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { encodeValue } from '../../bson/key-encoding'
import { bsonType, docOf } from '../../bson/types'

/** A text that values have in common which are equal for a schema: the order of fields does not matter there. */
export function sameness(value: unknown): string {
  return encodeValue(withSortedFields(value)).toString('latin1')
}

function withSortedFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedFields)
  if (!isDoc(value) && bsonType(value) !== 'DBRef') return value
  const doc = docOf(value as object)
  const sorted: Doc = {}
  for (const name of Object.keys(doc).sort()) setField(sorted, name, withSortedFields(doc[name]))
  return sorted
}
