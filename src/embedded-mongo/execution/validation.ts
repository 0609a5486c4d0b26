import type { Doc } from '../bson/doc'
import { documentInvalid, showValue } from '../bson/errors'
import type { Validation } from '../query/validation'
import type { Collection } from '../storage/collection'

/** Throws DocumentValidationFailure (121) for a new document that the collection's rules do not allow. */
export function checkNew({ namespace, validation }: Collection, doc: Doc): void {
  if (validation !== undefined && !validation.isValid(doc)) refuse(namespace, validation, doc)
}

/** The same for what a document shall become. */
export function checkChanged({ namespace, validation }: Collection, before: Doc, after: Doc): void {
  if (validation === undefined || validation.isValid(after)) return
  if (validation.isModerate && !validation.isValid(before)) return
  refuse(namespace, validation, after)
}

function refuse(namespace: string, validation: Validation, doc: Doc): void {
  const errInfo = validation.explain(doc)
  if (!validation.isWarning) throw documentInvalid(errInfo)
  warn(namespace, errInfo)
}

/** A load of invalid documents shall not drown everything else: so many lines, then their number. */
const WARNINGS_PER_SECOND_MAX = 5
const DETAILS_CHARACTERS_MAX = 2_000

let second = 0
let warnings = 0

function warn(namespace: string, errInfo: Doc): void {
  const now = Math.floor(performance.now() / 1_000)
  if (now !== second) {
    const untold = warnings - WARNINGS_PER_SECOND_MAX
    if (untold > 0) write(`${untold} more documents would fail validation`)
    second = now
    warnings = 0
  }
  warnings++
  if (warnings > WARNINGS_PER_SECOND_MAX) return
  write(`document would fail validation in ${namespace}: ${showValue(errInfo).slice(0, DETAILS_CHARACTERS_MAX)}`)
}

function write(line: string): void {
  process.stderr.write(`embedded-mongo: ${line}\n`)
}
