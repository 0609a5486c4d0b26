import { valuesEqual } from '../bson/compare'
import { hasField, readDoc, writeBuffer, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { alteredId } from '../query/update/identity'
import { dollarField } from '../query/update/path'
import { firstFieldName, joinFields, rawFields } from '../wire/raw-bson'
import { checkDocument } from './documents'

/** A document that takes the place of another, byte for byte as it came, but for the _id. */
export class Replacement {
  readonly kind = 'replacement'
  /** What it looks at of the document whose place it takes. */
  readonly fields: ReadonlySet<string> = new Set(['_id'])
  private readonly id: { readonly value: unknown; readonly start: number; readonly end: number } | undefined

  /** Throws InvalidBSON (22), and DollarPrefixedFieldName (52). */
  constructor(private readonly bytes: Buffer) {
    checkDocument(bytes)
    for (const { name, start, end } of rawFields(bytes)) {
      if (name.startsWith('$')) throw dollarField(name, name)
      if (name === '_id') {
        const value = readDoc(joinFields([bytes.subarray(start, end)]))['_id']
        this.id = { value, start, end }
      }
    }
  }

  /** What becomes of a document whose bytes begin with its _id. Throws ImmutableField (66) for another _id. */
  over(before: Buffer): Buffer {
    const [first] = rawFields(before)
    if (first === undefined) return this.bytes
    const id = before.subarray(first.start, first.end)
    return this.withId(id, readDoc(joinFields([id]))['_id'])
  }

  /** The new document of an upsert; `base` is what its filter says. It may have no _id, and that may stand anywhere. */
  asNew(base: Doc): Buffer {
    if (!hasField(base, '_id')) return this.bytes
    const { _id: id } = base
    return this.withId(writeDoc({ _id: id }).subarray(4, -1), id)
  }

  /** An equal _id of another type gives way. */
  private withId(id: Uint8Array, value: unknown): Buffer {
    const { bytes, id: own } = this
    if (own === undefined) return joinFields([id, bytes.subarray(4, -1)])
    if (!valuesEqual(own.value, value)) throw alteredId(own.value)
    return joinFields([id, bytes.subarray(4, own.start), bytes.subarray(own.end, -1)])
  }
}

/** Operators begin with a dollar. An array is a pipeline. */
export function replacementOf(update: Doc | readonly Doc[] | Buffer): Replacement | undefined {
  if (Buffer.isBuffer(update)) return new Replacement(update)
  if (Array.isArray(update)) return undefined
  const bytes = writeBuffer(update as Doc)
  return firstFieldName(bytes)?.startsWith('$') === true ? undefined : new Replacement(bytes)
}
