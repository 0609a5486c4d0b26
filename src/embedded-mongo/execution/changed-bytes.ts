import { isDoc, writeBuffer, writeField } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { FIRST_FIELD, joinFields, rawElements, rawFields } from '../wire/raw-bson'
import type { FieldCut, RawElement, RawField } from '../wire/raw-bson'

/*
 * A changed document is written from the bytes that it had: what an update shares with the old document, the same object,
 * keeps its bytes, whatever they are, and its place. So it keeps what objects cannot hold: JavaScript puts fields whose
 * names are whole numbers in front of all others, and has no undefined beside null, no payload of a NaN.
 */

/** `after` in BSON; `bytes` are those of `before`, of which it shares what has not changed. */
export function changedBytes(before: Doc, bytes: Buffer, after: Doc): Buffer {
  return spliced(before, bytes, after, [...rawFields(bytes)]) ?? writeBuffer(after)
}

/**
 * The same where `before` and `after` have no other fields of the document than `read`: all others stay as they are.
 * undefined: what has changed is their order, too.
 */
export function changedFields(before: Doc, bytes: Buffer, after: Doc, read: FieldCut): Buffer | undefined {
  return spliced(before, bytes, after, read.fields(bytes))
}

/** `fields` are those of `bytes` that `before` has, in their order. */
function spliced(before: Doc, bytes: Buffer, after: Doc, had: readonly RawField[]): Buffer | undefined {
  const old = new Set<string>()
  for (const { name } of had) if (Object.hasOwn(after, name)) old.add(name)
  if (!beginsWith(after, old)) return undefined
  const pieces = new Pieces(bytes)
  const changed = new Set<string>()
  let between = FIRST_FIELD
  for (const field of had) {
    const { name } = field
    pieces.keep(between, field.start)
    between = field.end
    if (!old.has(name)) continue
    if (after[name] === before[name]) pieces.keep(field.start, field.end)
    else if (!changed.has(name)) {
      pieces.add(fieldBytes(name, after[name], { bytes, field, value: before[name] }))
      changed.add(name)
    }
  }
  pieces.keep(between, bytes.length - 1)
  for (const name of Object.keys(after)) if (!old.has(name)) pieces.add(fieldBytes(name, after[name]))
  return pieces.join()
}

/** Elements that keep their place keep their bytes. */
function changedArrayBytes(before: readonly unknown[], bytes: Buffer, after: readonly unknown[]): Buffer {
  const pieces = new Pieces(bytes)
  let i = 0
  for (const field of rawElements(bytes)) {
    if (i === after.length) break
    if (after[i] === before[i]) pieces.keep(field.start, field.end)
    else pieces.add(fieldBytes(String(i), after[i], { bytes, field, value: before[i] }))
    i++
  }
  for (; i < after.length; i++) pieces.add(fieldBytes(String(i), after[i]))
  return pieces.join()
}

interface OldField {
  readonly bytes: Buffer
  readonly field: RawElement
  readonly value: unknown
}

function fieldBytes(name: string, value: unknown, old?: OldField): Uint8Array {
  const nested = old === undefined ? undefined : nestedBytes(value, old)
  if (old !== undefined && nested !== undefined) {
    return Buffer.concat([old.bytes.subarray(old.field.start, old.field.value), nested])
  }
  return writeField(name, value)
}

/** A document that was one before, or an array. */
function nestedBytes(value: unknown, { bytes, field, value: before }: OldField): Buffer | undefined {
  const inner = (): Buffer => bytes.subarray(field.value, field.end)
  if (Array.isArray(value) && Array.isArray(before)) return changedArrayBytes(before, inner(), value)
  return isDoc(value) && isDoc(before) ? changedBytes(before, inner(), value) : undefined
}

/** Old fields in their old order, then new ones: not so after a replacement. Names that JavaScript moves tell nothing. */
function beginsWith(doc: Doc, old: ReadonlySet<string>): boolean {
  const names = Object.keys(doc)
  let at = 0
  for (const name of old) {
    if (isWholeNumber(name)) continue
    while (at < names.length && isWholeNumber(names[at] as string)) at++
    if (names[at++] !== name) return false
  }
  return true
}

function isWholeNumber(name: string): boolean {
  const first = name.charCodeAt(0)
  return first >= DIGIT_0 && first <= DIGIT_9 && /^(?:0|[1-9]\d{0,9})$/.test(name)
}

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39

/** Runs of whole fields, old ones and new ones. */
class Pieces {
  private readonly pieces: Uint8Array[] = []
  private from = 0
  private to = 0

  constructor(private readonly bytes: Buffer) {}

  keep(start: number, end: number): void {
    if (start !== this.to) this.endRun()
    if (this.from === this.to) this.from = start
    this.to = end
  }

  add(bytes: Uint8Array): void {
    this.endRun()
    this.pieces.push(bytes)
  }

  join(): Buffer {
    this.endRun()
    return joinFields(this.pieces)
  }

  private endRun(): void {
    if (this.to > this.from) this.pieces.push(this.bytes.subarray(this.from, this.to))
    this.from = this.to
  }
}
