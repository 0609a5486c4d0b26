import joi, { type ObjectSchema, type SchemaMap } from 'joi'

/**
 * The joi root of every schema. Metadata that the OpenAPI document shows:
 * `.description()` and `.example()` on any schema, and on an object schema `.label('User')` or `.meta({ component })`
 * makes it a named component (a label is taken when it looks like a type name: a capital, then letters and digits).
 */
export { joi }

/** An object that must be there and knows its keys alone. An absent body would pass a joi object without `required`. */
export function strictObject(keys: SchemaMap): ObjectSchema {
  return joi.object(keys).unknown(false).required()
}

/**
 * Texts that replace joi's own where those repeat the value, which may be a password, or the text of an inner error.
 */
export const SAFE_MESSAGES: Readonly<Record<string, string>> = {
  'any.custom': '{{#label}} is not valid',
  'string.pattern.base': '{{#label}} does not have the required form',
  'string.pattern.name': '{{#label}} is not a valid {{#name}}',
  'string.pattern.invert.base': '{{#label}} does not have the required form',
  'string.pattern.invert.name': '{{#label}} must not be a {{#name}}',
  'object.unknown': '{{#label}} is not known here',
}
