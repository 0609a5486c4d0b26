import type { Schema } from 'joi'
import { ERRORS, type ErrorCode } from '../errors'
import { API_PREFIX } from '../http/mount'
import type { Resource, Route, Success } from '../http/route'
import type { PasswordPolicy } from '../passwords/password-policy'
import { PASSWORD_POLICY_TEXT } from '../passwords/password-schema'
import type { AuthMode } from '../config'
import { accessExtensions, describedAccess, SECURITY_SCHEMES, securityOf } from './security'
import { errorComponents, errorResponses } from './error-responses'
import { exampleOf, jsonSchemaOf, type Components, type JsonSchema } from './json-schema'

export interface OpenApiSources {
  readonly version: string
  readonly resources: readonly Resource[]
  /** Routes at the root: health. */
  readonly rootRoutes: readonly Route[]
  readonly validationStatus: number
  readonly requireIfMatch: boolean
  /** In open mode credentials are optional. */
  readonly authMode: AuthMode
  /** What descriptions of passwords say of them. */
  readonly passwordPolicy: Pick<PasswordPolicy, 'description'>
}

type Json = Record<string, unknown>

const JSON_TYPE = 'application/json'

/** The OpenAPI 3.1 document, made from the tables that the routers are made from. */
export function openApiDocument(sources: OpenApiSources): Json {
  const components: Components = {}
  const located = [
    ...sources.resources.flatMap(({ base, routes }) =>
      routes.map((row) => ({ path: API_PREFIX + base + row.path, row })),
    ),
    ...sources.rootRoutes.map((row) => ({ path: row.path, row })),
  ]
  const paths: Record<string, Json> = {}
  for (const { path, row } of located) {
    const entry = (paths[templateOf(path)] ??= {})
    entry[row.method] = operationOf(row, sources, components)
  }
  const statusOf = (code: ErrorCode) => (code === 'VALIDATION_FAILED' ? sources.validationStatus : ERRORS[code].status)
  const errors = errorComponents(statusOf)
  return filledIn(sources.passwordPolicy.description, {
    openapi: '3.1.0',
    info: infoOf(sources.version),
    servers: [{ url: '/', description: 'This server' }],
    tags: [...new Set(located.map(({ row }) => row.tag))].map((name) => ({
      name,
      description: `${name} of the service`,
    })),
    paths,
    components: { ...errors, securitySchemes: SECURITY_SCHEMES, schemas: { ...sorted(components), ...errors.schemas } },
  })
}

/** Schemas do not know the policy in force; the document does. */
function filledIn(passwordPolicy: string, document: Json): Json {
  const text = JSON.stringify(passwordPolicy).slice(1, -1)
  return JSON.parse(JSON.stringify(document).replaceAll(PASSWORD_POLICY_TEXT, text)) as Json
}

function infoOf(version: string): Json {
  return {
    title: 'Rollcall',
    version,
    summary: 'User management over HTTP',
    description:
      'Every body is `{"data": …, "message": "…", "status_code": N}`. A failure has ' +
      '`{"code", "errors", "request_id"}` as its `data`. The same routes answer without the `/api/v1` prefix.',
    license: { name: 'MIT', identifier: 'MIT' },
  }
}

/** `/users/:id` in Express is `/users/{id}` in OpenAPI. */
function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

function operationOf(row: Route, sources: OpenApiSources, components: Components): Json {
  const parameters = parametersOf(row, sources.requireIfMatch, components)
  return {
    operationId: row.operation,
    tags: [row.tag],
    summary: row.summary,
    description: describedAccess(row),
    security: securityOf(row.access, sources.authMode),
    ...accessExtensions(row),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(row.body ? { requestBody: bodyOf(row, row.body, components) } : {}),
    responses: {
      ...Object.fromEntries(row.successes.map((success) => [success.status, successOf(success, components)])),
      ...errorResponses(row, sources),
    },
  }
}

function bodyOf(row: Route, body: Schema, components: Components): Json {
  const schema = jsonSchemaOf(body, 'input', components)
  const example = exampleOf(schema, components)
  const content = { schema, ...(example === undefined ? {} : { example }) }
  return { required: true, content: Object.fromEntries((row.consumes ?? [JSON_TYPE]).map((type) => [type, content])) }
}

function parametersOf(row: Route, requireIfMatch: boolean, components: Components): Json[] {
  const headers = { ...(row.versioned ? { 'If-Match': IF_MATCH } : {}), ...row.headers }
  return [
    ...keyParameters(row.params, 'path', components),
    ...keyParameters(row.query, 'query', components),
    ...Object.entries(headers).map(([name, description]) => ({
      name,
      in: 'header',
      required: name === 'If-Match' && row.versioned === true && requireIfMatch,
      description,
      schema: { type: 'string' },
    })),
  ]
}

const IF_MATCH = 'The ETag that the change is based on; a resource that has changed since answers 412'

function keyParameters(schema: Schema | undefined, place: 'path' | 'query', components: Components): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = jsonSchemaOf(schema, 'input', components) as {
    properties?: Record<string, JsonSchema>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, json]) => parameterOf(name, place, required.includes(name), json))
}

/**
 * Viewers fill their form with the `example` of a parameter. That helps where a value is needed; an optional filter that
 * nobody asked for would only hide the answer, so its example is told in words.
 */
function parameterOf(name: string, place: 'path' | 'query', required: boolean, json: JsonSchema): Json {
  const { description = '', examples, ...schema } = json as JsonSchema & { description?: string }
  const [example] = (examples ?? []) as readonly unknown[]
  const needed = place === 'path' || required
  const text = example === undefined || needed ? description : withExample(description, example)
  return {
    name,
    in: place,
    required: needed,
    ...(text === '' ? {} : { description: text }),
    schema,
    ...(example === undefined || !needed ? {} : { example }),
  }
}

function withExample(description: string, example: unknown): string {
  const shown = typeof example === 'string' ? example : JSON.stringify(example)
  const sentence = description === '' || description.endsWith('.') ? description : `${description}.`
  return `${sentence} Example: \`${shown}\``.trim()
}

function successOf({ status, description, data, headers }: Success, components: Components): Json {
  const shown = { 'X-Request-Id': 'The id of the request, as in the log', ...headers }
  return {
    description,
    headers: Object.fromEntries(
      Object.entries(shown).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
    ),
    ...(data === null ? {} : { content: { [JSON_TYPE]: envelopeOf(status, description, data, components) } }),
  }
}

function envelopeOf(status: number, message: string, data: Schema, components: Components): Json {
  const schema = jsonSchemaOf(data, 'output', components)
  const example = exampleOf(schema, components)
  return {
    schema: {
      type: 'object',
      required: ['data', 'message', 'status_code'],
      additionalProperties: false,
      properties: { data: schema, message: { type: 'string' }, status_code: { type: 'integer', const: status } },
    },
    ...(example === undefined ? {} : { example: { data: example, message, status_code: status } }),
  }
}

function sorted(components: Components): Components {
  return Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)))
}
