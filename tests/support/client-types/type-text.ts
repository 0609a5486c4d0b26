/** As much of JSON Schema (draft 2020-12) as the OpenAPI document uses. */
export interface JsonSchema {
  readonly $ref?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly type?: string | readonly string[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly description?: string
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
}

/** The TypeScript type of what a schema accepts. */
export function typeText(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  if ('const' in schema) return literal(schema.const)
  if (schema.enum) return union(schema.enum.map(literal))
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives) return union(alternatives.map(typeText))
  if (typeof schema.type === 'string') return ofOneType(schema.type, schema)
  return schema.type ? union(schema.type.map((type) => ofOneType(type, schema))) : 'unknown'
}

function ofOneType(type: string, schema: JsonSchema): string {
  if (type === 'array') return `readonly ${inArray(typeText(schema.items ?? {}))}[]`
  if (type === 'object') return schema.properties ? objectText(schema) : 'Readonly<Record<string, unknown>>'
  return PRIMITIVES[type] ?? 'unknown'
}

function objectText(schema: JsonSchema): string {
  return `{ ${fieldLines(schema).join('; ')} }`
}

/** One line a field, and before it a line with its description where there is one. */
export function fieldLines({ properties = {}, required = [] }: JsonSchema, withComments = false): readonly string[] {
  const needed = new Set(required)
  return Object.entries(properties).flatMap(([name, schema]) => {
    const optional = !needed.has(name)
    const type = typeText(schema)
    const field = `readonly ${keyText(name)}${optional ? '?' : ''}: ${optional && type !== 'unknown' ? `${type} | undefined` : type}`
    return withComments && schema.description !== undefined ? [`/** ${schema.description} */`, field] : [field]
  })
}

export function keyText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name)
}

export function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : JSON.stringify(value)
}

function inArray(type: string): string {
  return /[|&]|^readonly /.test(type) ? `(${type})` : type
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}
