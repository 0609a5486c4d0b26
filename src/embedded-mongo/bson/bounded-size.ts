import { isDoc } from './doc'
import { CommandError, documentTooLarge } from './errors'

/** MongoDB's bound on the depth of what it stores and answers. */
const DEPTH_MAX = 180
const HEAD_BYTES = 2
/** A number, a date, an identifier: roughly. */
const PLAIN_BYTES = 12

/**
 * About how many bytes a value takes in BSON. A value that is made of others may name one of them many times over, and
 * be larger than anything that is in memory: so the count ends where the bound is passed. Throws 10334, or 15 for depth.
 */
export function boundedSize(value: unknown, max: number): number {
  let left = max
  const visit = (part: unknown, depth: number): void => {
    left -= HEAD_BYTES
    if (typeof part === 'string') left -= part.length
    else if (Array.isArray(part)) visitAll(part, depth)
    else if (isDoc(part)) visitFields(part, depth)
    else left -= bytesOf(part)
    if (left < 0) throw documentTooLarge(`a value of more than ${max} bytes is too large`)
  }
  const visitAll = (array: readonly unknown[], depth: number): void => {
    if (depth > DEPTH_MAX) throw new CommandError(15, 'Overflow', `a value is nested deeper than ${DEPTH_MAX} levels`)
    for (const element of array) visit(element, depth + 1)
  }
  const visitFields = (doc: Readonly<Record<string, unknown>>, depth: number): void => {
    if (depth > DEPTH_MAX) throw new CommandError(15, 'Overflow', `a value is nested deeper than ${DEPTH_MAX} levels`)
    for (const name in doc) {
      left -= name.length
      visit(doc[name], depth + 1)
    }
  }
  visit(value, 1)
  return max - left
}

function bytesOf(value: unknown): number {
  const { buffer } = (value ?? {}) as { readonly buffer?: { readonly length?: number } }
  return PLAIN_BYTES + (buffer?.length ?? 0)
}
