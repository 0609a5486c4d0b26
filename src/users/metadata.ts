import type { Metadata } from './user'

/** Of its JSON in UTF-8. */
export const METADATA_BYTES_MAX = 16 * 1_024
/** `{}` has depth 0, `{"a": {}}` and `{"a": []}` depth 1. */
export const METADATA_DEPTH_MAX = 5

interface MetadataRule {
  readonly code: string
  /** What the document must be like. */
  readonly message: string
  readonly isBroken: (metadata: Metadata) => boolean
}

const LONE_SURROGATE = /\p{Surrogate}/u

export const METADATA_RULES: readonly MetadataRule[] = [
  {
    code: 'metadata.size',
    message: `must be at most ${METADATA_BYTES_MAX} bytes of JSON`,
    isBroken: (metadata) => Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX,
  },
  {
    code: 'metadata.depth',
    message: `must be nested at most ${METADATA_DEPTH_MAX} deep`,
    isBroken: (metadata) => someValue(metadata, (value, depth) => depth > METADATA_DEPTH_MAX && isContainer(value)),
  },
  {
    code: 'metadata.key',
    message: 'must have no key that is empty, begins with "$", contains "." or NUL, or is "__proto__" or "_bsontype"',
    isBroken: (metadata) => someValue(metadata, (value) => isObject(value) && !Object.keys(value).every(isKey)),
  },
  {
    code: 'metadata.value',
    message: 'must hold finite numbers and valid Unicode only',
    isBroken: (metadata) => someValue(metadata, (value) => !isStorable(value)),
  },
]

/** Whether anything in the document, itself included, passes the test. The depth of a body is bounded before it comes here. */
function someValue(value: unknown, test: (value: unknown, depth: number) => boolean, depth = 0): boolean {
  if (test(value, depth)) return true
  return isContainer(value) && Object.values(value).some((part) => someValue(part, test, depth + 1))
}

/** `_bsontype` is how the driver marks its own types: it takes an object with that key for one. */
function isKey(key: string): boolean {
  if (key === '' || key === '__proto__' || key === '_bsontype') return false
  return !key.startsWith('$') && !key.includes('.') && !key.includes('\0') && !LONE_SURROGATE.test(key)
}

/** JSON can say 1e999, and half a character; neither would come back as it was. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value !== 'string' || !LONE_SURROGATE.test(value)
}

/** JSON Merge Patch (RFC 7396, section 2). Neither argument is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, mergePatch(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isObject(value: unknown): value is Metadata {
  return isContainer(value) && !Array.isArray(value)
}
