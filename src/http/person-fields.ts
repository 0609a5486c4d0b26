import type { CustomHelpers, StringSchema } from 'joi'
import { joi } from './joi'

/** In characters, also of a name that is made of two. */
export const NAME_LENGTH_MAX = 100
const EMAIL_LENGTH_MAX = 254

/** Control characters, lone surrogates, and the two separators that some readers take for line breaks. */
const UNPRINTABLE = /[\p{Cc}\p{Surrogate}\p{Zl}\p{Zp}]/u

/** A person's name as every body takes it: trimmed, 1 to 100 printable characters. */
export function nameSchema(): StringSchema {
  return joi
    .string()
    .custom(trimmedName)
    .max(NAME_LENGTH_MAX)
    .messages({ 'string.unprintable': '{{#label}} must not contain control characters' })
}

/** An e-mail address as every body takes it: trimmed, lower-cased, any top-level domain. */
export function emailSchema(): StringSchema {
  return joi
    .string()
    .custom(normalizedEmail)
    .max(EMAIL_LENGTH_MAX)
    .email({ tlds: false, allowUnicode: false })
    .description('Unique, without regard to case; any top-level domain')
    .example('john.doe@example.com')
}

/** joi trims only where it may convert; a body may not be converted, and is trimmed all the same. */
function trimmedName(value: string, helpers: CustomHelpers<string>) {
  const name = value.trim()
  if (name === '') return helpers.error('string.empty')
  return UNPRINTABLE.test(name) ? helpers.error('string.unprintable') : name
}

/**
 * Lower-cases ASCII alone. Some other letters would turn into ASCII ones (U+212A KELVIN SIGN into k), and with them one
 * address into somebody else's; what is not ASCII stays as it is, and the next rule refuses it.
 */
function normalizedEmail(value: string): string {
  const email = value.trim()
  // eslint-disable-next-line no-control-regex -- the range is ASCII
  return /^[\x00-\x7f]*$/.test(email) ? email.toLowerCase() : email
}
