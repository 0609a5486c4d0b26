import { serialize } from 'bson'
import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { rawFields } from '../wire/raw-bson'

/*
 * JavaScript puts fields whose names are whole numbers in front of all others, whatever the order in which they came.
 * A document that has such names is rare; it is written in the order that it had before.
 */

const TYPE_DOCUMENT = 0x03
const TYPE_ARRAY = 0x04

/** True when a document has a field, at any depth, that JavaScript has moved. */
export function hasMovedFields(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasMovedFields)
  if (!isDoc(value)) return false
  let first = true
  for (const name in value) {
    // Those that are moved come first.
    if (first && isWholeNumber(name)) return true
    first = false
    const field = value[name]
    if (typeof field === 'object' && field !== null && hasMovedFields(field)) return true
  }
  return false
}

function isWholeNumber(name: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(name)
}

/** The document in BSON: fields in the order of `before`, new ones behind. */
export function writeInOrder(doc: Doc, before: Buffer): Buffer {
  return Buffer.from(serialize(inOrder(doc, before), { ignoreUndefined: false }))
}

function inOrder(doc: Doc, before: Buffer | undefined): Map<string, unknown> {
  const ordered = new Map<string, unknown>()
  for (const { name, type, value, end } of before === undefined ? [] : rawFields(before)) {
    if (!Object.hasOwn(doc, name)) continue
    const nested = type === TYPE_DOCUMENT || type === TYPE_ARRAY ? before?.subarray(value, end) : undefined
    ordered.set(name, valueInOrder(doc[name], nested))
  }
  for (const name of Object.keys(doc)) {
    if (!ordered.has(name)) ordered.set(name, valueInOrder(doc[name], undefined))
  }
  return ordered
}

function valueInOrder(value: unknown, before: Buffer | undefined): unknown {
  if (isDoc(value)) return inOrder(value, before)
  if (!Array.isArray(value)) return value
  const elements = before === undefined ? [] : [...rawFields(before)]
  return value.map((element, i) => {
    const old = elements[i]
    const nested =
      old?.type === TYPE_DOCUMENT || old?.type === TYPE_ARRAY ? before?.subarray(old.value, old.end) : undefined
    return valueInOrder(element, nested)
  })
}
