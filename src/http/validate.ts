import type { Schema, ValidationError as JoiError, ValidationErrorItem } from 'joi'
import { ValidationError, type FieldError } from '../errors'
import { SAFE_MESSAGES } from './joi'

/** A schema made ready: it takes a value, adds to `problems`, and yields the value as the schema lets it through. */
export type Check = (value: unknown, problems: FieldError[]) => unknown

/** Problems that one answer lists. A body of a MiB can hold a hundred thousand unknown fields. */
const PROBLEMS_MAX = 1_000
const FIELD_LENGTH_MAX = 256
const MESSAGE_LENGTH_MAX = 512

/** What schemas may look up while they check: joi's context. */
export type ValidationContext = Readonly<Record<string, unknown>>

/**
 * @param part how messages call the value as a whole: 'the body'.
 * @param convert true for text (path and query), where "30" may become a number; false for JSON, which has types.
 */
export function compileCheck(schema: Schema, part: string, convert: boolean, context: ValidationContext = {}): Check {
  const strict = schema.prefs({
    abortEarly: false,
    convert,
    messages: { ...SAFE_MESSAGES, root: part },
    errors: { wrap: { label: false } },
  })
  const options = { context }
  return (value, problems) => {
    const result = strict.validate(value, options) as { value: unknown; error?: JoiError }
    if (result.error) for (const detail of result.error.details) problems.push(toFieldError(detail))
    return result.value
  }
}

/** @throws ValidationError when there are problems. */
export function throwIfAny(problems: readonly FieldError[]): void {
  if (problems.length > 0) throw new ValidationError(problems.slice(0, PROBLEMS_MAX))
}

/** joi's own error holds the value, which may be a password: only these three texts leave. */
function toFieldError({ path, type, message }: ValidationErrorItem): FieldError {
  return {
    field: clip(path.join('.'), FIELD_LENGTH_MAX),
    code: type,
    message: clip(message, MESSAGE_LENGTH_MAX),
  }
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
