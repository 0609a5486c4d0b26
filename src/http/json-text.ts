import { isUtf8 } from 'node:buffer'
import { parse } from 'secure-json-parse'
import { AppError, ValidationError } from '../errors'

const DEPTH_MAX = 32

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = new Set([0x5b, 0x7b])
const CLOSE = new Set([0x5d, 0x7d])

/**
 * Parses a body strictly: UTF-8, nested at most 32 deep, and no `__proto__` key anywhere.
 * @throws AppError MALFORMED_JSON; ValidationError for a `__proto__` key.
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw malformed('The request body is not valid UTF-8')
  // The depth is read from the text: parsed values of that depth would already overflow other code's stack.
  if (isDeeper(bytes, DEPTH_MAX)) throw malformed(`The request body is nested more than ${DEPTH_MAX} deep`)
  const text = bytes.toString('utf8')
  try {
    return parse(text, undefined, { protoAction: 'error', constructorAction: 'ignore' })
  } catch (error) {
    if (isJson(text)) throw forbiddenKey()
    throw new AppError('MALFORMED_JSON', { cause: error })
  }
}

/** Whether arrays and objects nest deeper than `max`. Of text that is no JSON it says something, and fast. */
export function isDeeper(json: Uint8Array, max: number): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number
    if (quoted) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) quoted = false
    } else if (byte === QUOTE) quoted = true
    else if (OPEN.has(byte)) {
      if (++depth > max) return true
    } else if (CLOSE.has(byte)) depth--
  }
  return false
}

function isJson(text: string): boolean {
  try {
    parse(text, undefined, { protoAction: 'ignore', constructorAction: 'ignore' })
    return true
  } catch {
    return false
  }
}

function malformed(message: string): AppError {
  return new AppError('MALFORMED_JSON', { message })
}

function forbiddenKey(): ValidationError {
  return new ValidationError([{ field: '__proto__', code: 'object.unknown', message: '__proto__ is not known here' }])
}
