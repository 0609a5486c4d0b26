import { readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { FieldCut } from '../wire/raw-bson'

/** Readers that are kept: clients send the same few shapes again and again. */
const KNOWN_MAX = 256
const KEY_LENGTH_MAX = 1_000

/** Who looks at more gets all. */
const FIELDS_MAX = 64

/** Reads of stored documents the top-level fields that somebody will look at, or all of them. */
export class DocReader {
  static readonly whole = new DocReader(undefined)
  /** undefined: documents are read whole. */
  readonly cut: FieldCut | undefined

  private constructor(fields: ReadonlySet<string> | undefined) {
    this.cut = fields === undefined ? undefined : new FieldCut('include', fields)
  }

  /** `fields` undefined: it is not known who looks at what. */
  static of(fields: ReadonlySet<string> | undefined): DocReader {
    if (fields === undefined || fields.size > FIELDS_MAX) return DocReader.whole
    if (fields === last?.fields) return last.reader
    // A name holds no zero, but may be empty.
    let key = String(fields.size)
    for (const field of fields) key += `\0${field}`
    let reader = known.get(key)
    if (reader === undefined) {
      reader = new DocReader(fields)
      if (known.size === KNOWN_MAX) known.clear()
      if (key.length <= KEY_LENGTH_MAX) known.set(key, reader)
    }
    last = { fields, reader }
    return reader
  }

  read(raw: Buffer): Doc {
    return readDoc(this.bytesOf(raw))
  }

  /** What is read of it: a document of its own. */
  bytesOf(raw: Buffer): Buffer {
    return this.cut === undefined ? raw : this.cut.apply(raw)
  }
}

const known = new Map<string, DocReader>()
/** Inserts ask for the same set again and again. */
let last: { readonly fields: ReadonlySet<string>; readonly reader: DocReader } | undefined

export const NO_FIELDS: ReadonlySet<string> = new Set()

/** All fields of several sets; undefined where one of them is not known. */
export function fieldsOfAll(...sets: readonly (ReadonlySet<string> | undefined)[]): ReadonlySet<string> | undefined {
  const all = new Set<string>()
  for (const fields of sets) {
    if (fields === undefined) return undefined
    for (const field of fields) all.add(field)
  }
  return all
}
