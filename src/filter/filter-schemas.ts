import type { CustomHelpers, StringSchema } from 'joi'
import { joi } from '../http/joi'
import type { FieldTable } from './filter'
import { parseInstant } from './instant'
import { FILTER_LENGTH_MAX, parseFilter } from './scim-filter'
import { FilterError } from './scim-tokens'
import { parseSort, SortError } from './sort'

/** A SCIM filter over the fields of `fields`; what comes out is a `Filter`. */
export function filterSchema(fields: FieldTable): StringSchema {
  return joi
    .string()
    .max(FILTER_LENGTH_MAX)
    .prefs({ abortEarly: true })
    .custom((text: string, helpers: CustomHelpers<string>) => {
      try {
        return parseFilter(text, fields)
      } catch (error) {
        if (!(error instanceof FilterError)) throw error
        return helpers.error('filter.syntax', { reason: error.message, position: error.position })
      }
    })
    .messages({ 'filter.syntax': '{{#label}} {{#reason}} at position {{#position}}' })
    .description(
      `SCIM filter (RFC 7644, section 3.4.2.2): eq ne co sw ew gt ge lt le pr, and, or, not (…), parentheses, over ` +
        `${Object.keys(fields).join(', ')}. At most ${FILTER_LENGTH_MAX} characters.`,
    )
}

/** `-created_at,name`; what comes out is a `Sort`. */
export function sortSchema(allowed: readonly string[]): StringSchema {
  return joi
    .string()
    .custom((text: string, helpers: CustomHelpers<string>) => {
      try {
        return parseSort(text, allowed)
      } catch (error) {
        if (!(error instanceof SortError)) throw error
        return helpers.error('sort.syntax', { reason: error.message })
      }
    })
    .messages({ 'sort.syntax': '{{#label}} {{#reason}}' })
    .description(`Comma-separated: ${allowed.join(', ')}; "-" in front turns the order round`)
}

/** `id,email`; what comes out is a list of names. */
export function fieldsSchema(allowed: readonly string[]): StringSchema {
  return joi
    .string()
    .custom((text: string, helpers: CustomHelpers<string>) => {
      const names = text.split(',')
      return names.every((name) => allowed.includes(name)) ? names : helpers.error('fields.unknown')
    })
    .messages({ 'fields.unknown': `{{#label}} takes only ${allowed.join(', ')}` })
    .description(`Only these fields of each item, comma-separated: ${allowed.join(', ')}`)
}

/** An RFC 3339 date and time; what comes out is a `Date`. joi would take other forms of ISO 8601 as well. */
export function instantSchema(): StringSchema {
  return joi
    .string()
    .isoDate()
    .custom((text: string, helpers: CustomHelpers<string>) => parseInstant(text) ?? helpers.error('string.isoDate'))
    .prefs({ convert: false, abortEarly: true })
    .messages({ 'string.isoDate': '{{#label}} must be a date and time as RFC 3339 writes it' })
    .example('2026-01-31T09:30:00.000Z')
}
