import type { Doc } from '../../bson/doc'
import { badValue, failedToParse } from '../../bson/errors'
import { QUERY_DEPTH_MAX } from '../limits'
import { additionalItems, itemCount, items, uniqueItems } from './array-keywords'
import { allOf, anyOf, not, oneOf, oneOfValues } from './logical-keywords'
import {
  additionalProperties,
  dependencies,
  patternProperties,
  properties,
  propertyCount,
  required,
} from './object-keywords'
import type { CompileKeyword, Schema } from './rule'
import { aboutOf, exclusive, limit, multipleOf, pattern, text, textLength, type } from './scalar-keywords'

/** In the order in which errors tell of them. */
const KEYWORDS: ReadonlyMap<string, CompileKeyword> = new Map([
  ['title', text],
  ['description', text],
  ['pattern', pattern],
  ['maxLength', textLength],
  ['minLength', textLength],
  ['multipleOf', multipleOf],
  ['exclusiveMaximum', exclusive],
  ['maximum', limit],
  ['exclusiveMinimum', exclusive],
  ['minimum', limit],
  ['minItems', itemCount],
  ['maxItems', itemCount],
  ['uniqueItems', uniqueItems],
  ['items', items],
  ['additionalItems', additionalItems],
  ['properties', properties],
  ['additionalProperties', additionalProperties],
  ['patternProperties', patternProperties],
  ['required', required],
  ['minProperties', propertyCount],
  ['maxProperties', propertyCount],
  ['dependencies', dependencies],
  ['allOf', allOf],
  ['anyOf', anyOf],
  ['oneOf', oneOf],
  ['not', not],
  ['enum', oneOfValues],
  ['type', type],
  ['bsonType', type],
])

/** Keywords of JSON Schema draft 4 that MongoDB refuses by name, and those for encryption in the client. */
const REFUSED = new Set([
  '$ref',
  '$schema',
  'default',
  'definitions',
  'format',
  'id',
  'encrypt',
  'encryptMetadata',
  'keyId',
])

/**
 * Compiles the operand of $jsonSchema: draft 4 of JSON Schema with BSON's types. Throws FailedToParse, TypeMismatch or
 * BadValue. https://www.mongodb.com/docs/manual/reference/operator/query/jsonSchema/
 */
export function compileSchema(schema: Doc): Schema {
  return compileAt(schema, 0)
}

function compileAt(schema: Doc, depth: number): Schema {
  if (depth > QUERY_DEPTH_MAX) throw badValue(`$jsonSchema exceeded the maximum depth of ${QUERY_DEPTH_MAX}`)
  for (const keyword of Object.keys(schema)) checkKeyword(keyword)
  if (schema['type'] !== undefined && schema['bsonType'] !== undefined) {
    throw failedToParse("Cannot specify both $jsonSchema keywords 'type' and 'bsonType'")
  }
  const around = { schema, compile: (inner: Doc) => compileAt(inner, depth + 1) }
  const rules = [...KEYWORDS].flatMap(([keyword, compile]) => {
    const operand = schema[keyword]
    return operand === undefined ? [] : (compile(operand, around, keyword) ?? [])
  })
  return {
    holds: (value) => rules.every((rule) => rule.holds(value)),
    explain: (value) => rules.filter((rule) => !rule.holds(value)).map((rule) => rule.explain(value)),
    about: aboutOf(schema),
  }
}

function checkKeyword(keyword: string): void {
  if (KEYWORDS.has(keyword)) return
  if (REFUSED.has(keyword)) throw failedToParse(`$jsonSchema keyword '${keyword}' is not currently supported`)
  throw failedToParse(`Unknown $jsonSchema keyword: ${keyword}`)
}
