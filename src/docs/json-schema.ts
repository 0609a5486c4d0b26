import type { Description, Schema } from 'joi'

/** JSON Schema, draft 2020-12: the dialect of OpenAPI 3.1. */
export type JsonSchema = Record<string, unknown>

/** Named schemas, filled while schemas are converted. */
export type Components = Record<string, JsonSchema>

/** input: what a client may send. output: what it gets. */
export type Mode = 'input' | 'output'

const TYPE_NAME = /^[A-Z][A-Za-z0-9]*$/

/**
 * joi writes the JSON Schema itself (Standard JSON Schema); what it leaves out is added here: examples, and a name for
 * each object that carries one, which then stands among the components once and is referred to elsewhere.
 */
export function jsonSchemaOf(schema: Schema, mode: Mode, components: Components): JsonSchema {
  const converted = schema['~standard'].jsonSchema[mode]({ target: 'draft-2020-12' }) as JsonSchema
  return decorated(converted, schema.describe(), components)
}

function decorated(json: JsonSchema, described: Description, components: Components): JsonSchema {
  const examples = described['examples'] as readonly unknown[] | undefined
  const { description } = (described.flags ?? {}) as { description?: string }
  const { properties, items, ...rest } = flattened(json)
  const result: JsonSchema = {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(properties
      ? { properties: decoratedKeys(properties as Record<string, JsonSchema>, described, components) }
      : {}),
    ...(items ? { items: decoratedItems(items, described, components) } : {}),
    ...(examples ? { examples } : {}),
  }
  const name = componentName(described)
  if (name === undefined || result['type'] !== 'object') return result
  components[name] = result
  return { $ref: `#/components/schemas/${name}` }
}

/** A conditional comes out as alternatives within alternatives, some of them alike. */
function flattened(json: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = json as JsonSchema & { anyOf?: readonly JsonSchema[] }
  if (!anyOf) return json
  const members = new Map(anyOf.flatMap(alternatives).map((member) => [JSON.stringify(member), member]))
  const [only, ...more] = members.values()
  return more.length === 0 ? { ...only, ...rest } : { ...rest, anyOf: [...members.values()] }
}

function alternatives(json: JsonSchema): readonly JsonSchema[] {
  const nested = Object.keys(json).length === 1 ? json['anyOf'] : undefined
  return nested === undefined ? [json] : (nested as readonly JsonSchema[]).flatMap(alternatives)
}

function decoratedKeys(
  properties: Readonly<Record<string, JsonSchema>>,
  described: Description,
  components: Components,
): Record<string, JsonSchema> {
  const keys = (described.keys ?? {}) as Readonly<Record<string, Description>>
  const result: Record<string, JsonSchema> = {}
  for (const [name, json] of Object.entries(properties)) {
    const key = keys[name]
    if (key && presenceOf(key) === 'forbidden') continue
    result[name] = key ? decorated(json, key, components) : json
  }
  return result
}

function decoratedItems(items: unknown, described: Description, components: Components): unknown {
  const [item, ...more] = (described['items'] ?? []) as readonly Description[]
  return item && more.length === 0 ? decorated(items as JsonSchema, item, components) : items
}

function presenceOf(described: Description): unknown {
  return (described.flags as { presence?: unknown } | undefined)?.presence
}

/** `.meta({ component: 'User' })`, or a label that reads like the name of a type. */
function componentName(described: Description): string | undefined {
  const metas = (described['metas'] ?? []) as readonly { readonly component?: string }[]
  const named = metas.find((meta) => meta.component !== undefined)?.component
  const label = (described.flags as { label?: string } | undefined)?.label
  return named ?? (label !== undefined && TYPE_NAME.test(label) ? label : undefined)
}

/** An example of the whole, put together from those of its parts. undefined when a required part has none. */
export function exampleOf(json: JsonSchema, components: Components): unknown {
  const name = typeof json['$ref'] === 'string' ? json['$ref'].split('/').at(-1) : undefined
  if (name !== undefined) return exampleOf(components[name] ?? {}, components)
  const [first] = (json['examples'] ?? json['enum'] ?? []) as readonly unknown[]
  if (first !== undefined) return first
  if ('const' in json) return json['const']
  if (json['type'] === 'null') return null
  if ('default' in json) return json['default']
  if (json['items']) return listExample(json['items'] as JsonSchema, components)
  if (json['properties']) return objectExample(json, components)
  return undefined
}

function listExample(items: JsonSchema, components: Components): unknown {
  const item = exampleOf(items, components)
  return item === undefined ? [] : [item]
}

function objectExample(json: JsonSchema, components: Components): unknown {
  const required = new Set((json['required'] ?? []) as readonly string[])
  const example: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(json['properties'] as Record<string, JsonSchema>)) {
    const value = exampleOf(part, components)
    if (value !== undefined) example[name] = value
    else if (required.has(name)) return undefined
  }
  return example
}
