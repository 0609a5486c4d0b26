import { isDoc, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { badValue } from '../bson/errors'
import { compileFilter } from './filter'
import { guarded } from './guard'
import { explainMismatch, isEvaluationError } from './mismatch'

/** What documents of a collection must be. */
export interface Validation {
  /** Documents that are not valid already may stay so when they are updated. */
  readonly isModerate: boolean
  /** Invalid documents are written all the same, and told of in the log. */
  readonly isWarning: boolean
  readonly isValid: (doc: Doc) => boolean
  /** `errInfo` for a document that is not valid. */
  readonly explain: (doc: Doc) => Doc
}

export const VALIDATION_LEVELS = ['off', 'moderate', 'strict'] as const
export const VALIDATION_ACTIONS = ['error', 'warn'] as const

/** By a collection's options, which every transaction's view of it has in common. */
const known = new WeakMap<Doc, { readonly validation: Validation | undefined }>()

/** undefined: its documents may be anything. */
export function validationOf(options: Doc): Validation | undefined {
  const found = known.get(options) ?? { validation: compileValidation(options) }
  known.set(options, found)
  return found.validation
}

function compileValidation({ validator, validationLevel, validationAction }: Doc): Validation | undefined {
  if (!isDoc(validator) || validationLevel === 'off') return undefined
  const filter = compileFilter(validator)
  return {
    isModerate: validationLevel === 'moderate',
    isWarning: validationAction === 'warn',
    isValid: (doc) => {
      try {
        return filter.matches(doc)
      } catch (error) {
        if (isEvaluationError(error)) return false
        throw error
      }
    },
    explain: (doc) =>
      errInfo(
        doc,
        guarded(() => explainMismatch(validator, doc)),
      ),
  }
}

/** MongoDB's bound on what it tells of one document. */
const DETAILS_BYTES_MAX = 12 * 1_024 * 1_024
/** Deeper than a driver or a log reads with pleasure; MongoDB's bound follows from its own for documents. */
const DETAILS_DEPTH_MAX = 150

function errInfo(doc: Doc, details: Doc): Doc {
  const failingDocumentId = doc['_id']
  const told = isShort(details) ? { details } : { truncated: true, details: withoutValues(details) }
  const reason = !isShort(told) ? 'too large' : depthOf(told) > DETAILS_DEPTH_MAX ? 'too deeply nested' : undefined
  if (reason === undefined) return { failingDocumentId, ...told }
  return { failingDocumentId, reason: `generated error was ${reason}`, truncated: true }
}

function isShort(details: Doc): boolean {
  return bytesUpTo(details, DETAILS_BYTES_MAX) < DETAILS_BYTES_MAX
}

function depthOf(value: unknown): number {
  if (!isDoc(value) && !Array.isArray(value)) return 0
  let deepest = 0
  for (const part of Object.values(value)) deepest = Math.max(deepest, depthOf(part))
  return deepest + 1
}

/** About as many bytes as the value has in BSON. One value may stand in it many times: it stops at `max`. */
function bytesUpTo(value: unknown, max: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (!isDoc(value) && !Array.isArray(value)) return typeof value === 'object' && value !== null ? sizeOf(value) : 8
  let bytes = 8
  for (const [name, part] of Object.entries(value)) {
    bytes += name.length + bytesUpTo(part, max - bytes)
    if (bytes >= max) break
  }
  return bytes
}

function sizeOf(value: object): number {
  return writeDoc({ value }).length
}

const VALUES = new Set(['specifiedAs', 'consideredValue', 'consideredValues'])

function withoutValues(details: unknown): unknown {
  if (Array.isArray(details)) return details.map(withoutValues)
  if (!isDoc(details)) return details
  const kept = Object.entries(details).filter(([name]) => !VALUES.has(name))
  return Object.fromEntries(kept.map(([name, part]) => [name, withoutValues(part)]))
}

/** Throws BadValue for what a validator may not hold, and whatever a filter is refused for. */
export function checkValidator(validator: Doc): void {
  refuseOperators(validator)
  compileFilter(validator)
}

/** https://www.mongodb.com/docs/manual/core/schema-validation/#restrictions */
const NOT_IN_VALIDATORS = ['$where', '$text', '$near', '$nearSphere', '$geoNear']

function refuseOperators(filter: unknown): void {
  if (Array.isArray(filter)) return filter.forEach(refuseOperators)
  if (!isDoc(filter)) return
  for (const [name, operand] of Object.entries(filter)) {
    if (NOT_IN_VALIDATORS.includes(name)) throw badValue(`${name} is not allowed in this context`)
    // What stands in these are values and expressions, which have names of their own.
    if (!['$eq', '$ne', '$in', '$nin', '$expr', '$jsonSchema'].includes(name)) refuseOperators(operand)
  }
}
