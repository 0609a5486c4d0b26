import {
  checkValue,
  cstringEnd,
  FIRST_FIELD,
  InvalidBsonError,
  joinFields,
  TYPE_ARRAY,
  TYPE_DOCUMENT,
} from './raw-bson'

/** A document, and the value of one of its fields, which stands there no more. */
export interface FieldTaken {
  readonly rest: Buffer
  readonly value: Buffer
}

/**
 * Takes the field `name`, a document or an array, out of a document that nobody has checked. Neither is the rest then
 * checked, nor what stands in the value. undefined: there is no such field, it is not taken, or the bytes are not
 * well-formed.
 */
export function takeField(
  bytes: Buffer,
  name: string,
  kind: 'document' | 'array',
  isTaken: (start: number, end: number) => boolean = () => true,
): FieldTaken | undefined {
  const end = bytes.length - 1
  if (sizeAt(bytes, 0, bytes.length) !== bytes.length) return undefined
  const wanted = kind === 'array' ? TYPE_ARRAY : TYPE_DOCUMENT
  try {
    for (let at = FIRST_FIELD; at < end;) {
      const type = bytes[at] as number
      const nameEnd = cstringEnd(bytes, at + 1, end)
      const value = nameEnd + 1
      if (type === wanted && bytes.toString('utf8', at + 1, nameEnd) === name) {
        const next = value + sizeAt(bytes, value, end)
        if (next === value || !isTaken(value, next)) return undefined
        const rest = joinFields([bytes.subarray(FIRST_FIELD, at), bytes.subarray(next, end)])
        return { rest, value: bytes.subarray(value, next) }
      }
      at = checkValue(bytes, type, value, end, 1)
    }
  } catch (error) {
    if (!(error instanceof InvalidBsonError)) throw error
  }
  return undefined
}

/** The documents of an array that nobody has checked; undefined where something else is among them. */
export function documentsOf(array: Buffer): readonly Buffer[] | undefined {
  const end = array.length - 1
  const documents: Buffer[] = []
  try {
    for (let at = FIRST_FIELD; at < end;) {
      const value = cstringEnd(array, at + 1, end) + 1
      const size = sizeAt(array, value, end)
      if (array[at] !== TYPE_DOCUMENT || size === 0) return undefined
      documents.push(array.subarray(value, value + size))
      at = value + size
    }
    return documents
  } catch (error) {
    if (!(error instanceof InvalidBsonError)) throw error
    return undefined
  }
}

/** The length of the document or array at `at`, if it has one and ends where it says; else 0. */
function sizeAt(bytes: Buffer, at: number, limit: number): number {
  const EMPTY_BYTES = 5
  const size = at + EMPTY_BYTES <= limit ? bytes.readInt32LE(at) : 0
  return size >= EMPTY_BYTES && at + size <= limit && bytes[at + size - 1] === 0 ? size : 0
}
