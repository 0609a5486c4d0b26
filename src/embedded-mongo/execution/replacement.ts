import { valuesEqual } from '../bson/compare'
import { hasField, readDoc, writeBuffer, writeField } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { alteredId } from '../query/update/identity'
import { dollarField } from '../query/update/path'
import { FIRST_FIELD, joinFields, rawFields } from '../wire/raw-bson'
import { checkDocument } from './documents'

/** A document that takes the place of another, byte for byte as it came, but for the _id. */
export class Replacement {
  readonly kind = 'replacement'
  /** What it looks at of the document whose place it takes. */
  readonly fields: ReadonlySet<string> = new Set(['_id'])
  private readonly ids: unknown[] = []
  /** All but the _id. */
  private readonly others: Buffer[] = []

  /** Throws InvalidBSON (22), and DollarPrefixedFieldName (52). */
  constructor(private readonly bytes: Buffer) {
    checkDocument(bytes)
    let from = FIRST_FIELD
    for (const { name, start, end } of rawFields(bytes)) {
      if (name.startsWith('$')) throw dollarField(name, name)
      if (name !== '_id') continue
      this.ids.push(idOf(bytes.subarray(start, end)))
      this.others.push(bytes.subarray(from, start))
      from = end
    }
    this.others.push(bytes.subarray(from, -1))
  }

  /** What becomes of a document. Throws ImmutableField (66) for another _id. */
  over(before: Buffer): Buffer {
    for (const { name, start, end } of rawFields(before)) {
      if (name === '_id') return this.withId(before.subarray(start, end))
    }
    return this.bytes
  }

  /** The new document of an upsert; `base` is what its filter says. It may have no _id, and that may stand anywhere. */
  asNew(base: Doc): Buffer {
    return hasField(base, '_id') ? this.withId(writeField('_id', base['_id'])) : this.bytes
  }

  /** An equal _id of another type gives way. */
  private withId(field: Uint8Array): Buffer {
    const id = idOf(field)
    for (const own of this.ids) if (!valuesEqual(own, id)) throw alteredId(own)
    return joinFields([field, ...this.others])
  }
}

function idOf(field: Uint8Array): unknown {
  return readDoc(joinFields([field]))['_id']
}

/** Operators begin with a dollar. An array is a pipeline. */
export function replacementOf(update: Doc | readonly Doc[] | Buffer): Replacement | undefined {
  if (Buffer.isBuffer(update)) return new Replacement(update)
  if (Array.isArray(update)) return undefined
  const [first] = Object.keys(update)
  return first?.startsWith('$') === true ? undefined : new Replacement(writeBuffer(update as Doc))
}
