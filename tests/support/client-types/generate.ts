import { fieldLines, type JsonSchema, keyText, literal, typeText } from './type-text'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>>
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
  /** Empty: no credentials are looked at. */
  readonly security: readonly unknown[]
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

interface Located {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

const HEAD = `/* eslint-disable */
// Made from the service's OpenAPI document by \`npm run client:types\`. Do not edit: a test compares it with the service.
`
const ENTRY = `export interface OperationEntry {
  readonly method: string
  readonly path: string
  /** Anybody may call it: no credentials are looked at. */
  readonly open?: true
  /** Takes an Idempotency-Key. */
  readonly keyed?: true
}
`
const JSON_TYPE = 'application/json'
/** The envelope of a failure: its parts have names of their own below. */
const FAILURE = 'Failure'

/** `src/client/types.gen.ts`: the types of every schema and operation, and where each operation is found. */
export function clientTypes({ paths, components }: OpenApiDocument): string {
  const located = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const { [FAILURE]: failure, ...schemas } = components.schemas
  return [
    HEAD,
    `/** What went wrong: stable, programs decide by it. */\nexport type ErrorCode =\n${codesOf(failure)}\n`,
    ...Object.entries(schemas).map(([name, schema]) => interfaceText(name, schema)),
    operationsText(located),
    tableText(located),
  ].join('\n')
}

function codesOf(failure: JsonSchema | undefined): string {
  const codes = failure?.properties?.['data']?.properties?.['code']?.enum ?? []
  return codes.map((code) => `  | ${literal(code)}`).join('\n')
}

function interfaceText(name: string, schema: JsonSchema): string {
  if (!schema.properties) return `export type ${name} = ${typeText(schema)}\n`
  const lines = fieldLines(schema, true).map((line) => `  ${line}`)
  return `export interface ${name} {\n${lines.join('\n')}\n}\n`
}

function operationsText(located: readonly Located[]): string {
  const entries = located.map(({ operation }) => {
    const { operationId, summary, parameters = [], requestBody } = operation
    return [
      `  /** ${summary} */`,
      `  readonly ${keyText(operationId)}: {`,
      `    readonly params: ${parametersText(parameters, 'path')}`,
      `    readonly query: ${parametersText(parameters, 'query')}`,
      `    readonly body: ${requestBody ? typeText(schemaOf(requestBody) ?? {}) : 'undefined'}`,
      `    readonly data: ${dataText(operation)}`,
      '  }',
    ].join('\n')
  })
  return `/** What each operation takes and gives, by its operationId. */\nexport interface Operations {\n${entries.join('\n')}\n}\n`
}

function parametersText(parameters: readonly Parameter[], place: string): string {
  const own = parameters.filter((parameter) => parameter.in === place)
  if (own.length === 0) return '{}'
  const properties = Object.fromEntries(own.map(({ name, schema }) => [name, schema]))
  const required = own.filter((parameter) => parameter.required).map(({ name }) => name)
  return typeText({ type: 'object', properties, required })
}

/** The `data` of every success; null for one without a body. */
function dataText({ responses }: Operation): string {
  const types = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, response]) => {
      if (!response.content) return 'null'
      const data = response.content[JSON_TYPE]?.schema?.properties?.['data']
      return data ? typeText(data) : 'unknown'
    })
  return [...new Set(types)].join(' | ')
}

function schemaOf({ content = {} }: Content): JsonSchema | undefined {
  return (content[JSON_TYPE] ?? Object.values(content)[0])?.schema
}

function tableText(located: readonly Located[]): string {
  const rows = located.map(({ method, path, operation: { operationId, security, parameters = [] } }) => {
    const fields = [`method: ${literal(method)}`, `path: ${literal(path)}`]
    if (security.length === 0) fields.push('open: true')
    if (parameters.some(({ name }) => name === 'Idempotency-Key')) fields.push('keyed: true')
    return `  ${keyText(operationId)}: { ${fields.join(', ')} },`
  })
  return (
    `${ENTRY}\n/** Where each operation is found. */\n` +
    `export const OPERATIONS: Readonly<Record<keyof Operations, OperationEntry>> = {\n${rows.join('\n')}\n}\n`
  )
}
