import { readDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import type { Message } from '../wire/message'
import { checkBson } from '../wire/raw-bson'
import { documentsOf, takeField } from '../wire/take-field'
import type { Command } from './command'

/**
 * What a command takes as it comes leaves the body, which is read into objects, and becomes a sequence: as other drivers
 * send it.
 */
export function withRawParts(message: Message, { rawArray, rawReplacement }: Command): Message {
  if (rawArray !== undefined && !message.sequences.has(rawArray)) {
    const taken = takeField(message.body, rawArray, 'array')
    const documents = taken === undefined ? undefined : documentsOf(taken.value)
    if (taken !== undefined && documents !== undefined) return withSequence(message, taken.rest, rawArray, documents)
  }
  if (rawReplacement !== undefined && !message.sequences.has(rawReplacement)) {
    const { rest, replacement } = takeReplacement(message.body, rawReplacement)
    if (replacement !== undefined) return withSequence(message, rest, rawReplacement, [replacement])
  }
  return message
}

function withSequence(message: Message, body: Buffer, name: string, documents: readonly Buffer[]): Message {
  const { requestId, kind, moreToCome, exhaustAllowed, repeated } = message
  const sequences = new Map(message.sequences).set(name, documents)
  return { requestId, kind, body, sequences, moreToCome, exhaustAllowed, repeated }
}

/** Takes a replacement out of what nobody has checked. Operators, and what is no document at all, stay where they are. */
function takeReplacement(
  bytes: Buffer,
  field: string | undefined,
): { readonly rest: Buffer; readonly replacement: Buffer | undefined } {
  const FIRST_NAME = 5
  const isReplacement = (start: number, end: number): boolean =>
    start + FIRST_NAME >= end || bytes[start + FIRST_NAME] !== DOLLAR
  const taken = field === undefined ? undefined : takeField(bytes, field, 'document', isReplacement)
  if (taken === undefined) return { rest: bytes, replacement: undefined }
  return { rest: taken.rest, replacement: taken.value }
}

const DOLLAR = 0x24

/** A statement of a write, of whose replacement no more is known than its bytes. */
export interface RawStatement {
  readonly doc: Doc
  /** The bytes of `doc`. */
  readonly rest: Buffer
  readonly replacement: Buffer | undefined
}

/** `replacementField` undefined: it has none. Throws InvalidBsonError. */
export function readStatement(bytes: Buffer, replacementField: string | undefined): RawStatement {
  const { rest, replacement } = takeReplacement(bytes, replacementField)
  checkBson(rest)
  return { doc: readDoc(rest), rest, replacement }
}
