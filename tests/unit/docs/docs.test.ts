import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import request from 'supertest'
import { ERRORS, type ErrorCode } from '../../../src/errors'
import { serve, type Served } from '../http/support/serve'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.stop())

const document = async (url = served.url) => (await request(url).get('/openapi.json').expect(200)).body

describe('the error table', () => {
  const codes = Object.keys(ERRORS) as ErrorCode[]

  it('is that of docs/ERRORS.md, row by row', () => {
    const text = readFileSync(join(__dirname, '../../../docs/ERRORS.md'), 'utf8')
    const rows = [...text.matchAll(/^\| ([A-Z_]+)\s*\| (\d+)\s*\| (.+?)\s*\| (.+?)\s*\|$/gm)]

    expect(rows.map(([, code, status, message]) => [code, Number(status), message])).toEqual(
      codes.map((code) => [code, ERRORS[code].status, ERRORS[code].message]),
    )
  })

  it('is that of the OpenAPI document, with the envelope of each', async () => {
    const { components } = await document()

    expect(Object.keys(components.examples)).toEqual(codes)
    for (const code of codes) {
      expect(components.examples[code].value).toEqual({
        data: { code, errors: expect.any(Array), request_id: expect.any(String) },
        message: ERRORS[code].message,
        status_code: ERRORS[code].status,
      })
    }
    expect(components.schemas.Failure.properties.data.properties.code.enum).toEqual(codes)
  })
})

describe('/openapi.json', () => {
  it('shows every row of the tables under its canonical path', async () => {
    const { openapi, paths } = await document()
    const operations = Object.entries<Record<string, { operationId: string }>>(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
    )

    expect(openapi).toBe('3.1.0')
    expect(operations).toEqual([
      'get /api/v1/notes listNotes',
      'post /api/v1/notes createNote',
      'get /api/v1/notes/{id} getNote',
      'patch /api/v1/notes/{id} updateNote',
      'delete /api/v1/notes/{id} deleteNote',
      'get /ping ping',
      'get /health health',
      'get /health/live live',
      'get /health/ready ready',
    ])
  })

  it('has the schemas of joi, with names, examples and descriptions', async () => {
    const { paths, components } = await document()
    const { requestBody, responses } = paths['/api/v1/notes'].post

    expect(requestBody.content['application/json']).toEqual({
      schema: { $ref: '#/components/schemas/NoteCreate' },
      example: { text: 'Buy milk', stars: 3 },
    })
    expect(components.schemas.NoteCreate).toEqual({
      type: 'object',
      required: ['text'],
      additionalProperties: false,
      properties: {
        text: {
          type: 'string',
          minLength: 1,
          maxLength: 20_000,
          description: 'What it says',
          examples: ['Buy milk'],
        },
        stars: { type: 'integer', minimum: 0, maximum: 5, default: 0, examples: [3] },
        secret: { type: 'string', minLength: 1, pattern: '^[a-z]+$' },
        more: { type: 'object' },
      },
    })
    expect(responses['201'].content['application/json']).toEqual({
      schema: {
        type: 'object',
        required: ['data', 'message', 'status_code'],
        additionalProperties: false,
        properties: {
          data: { $ref: '#/components/schemas/Note' },
          message: { type: 'string' },
          status_code: { type: 'integer', const: 201 },
        },
      },
      example: { data: { id: '7', text: 'Buy milk', stars: 3 }, message: 'Created', status_code: 201 },
    })
    expect(Object.keys(responses['201'].headers)).toEqual(['X-Request-Id', 'Location', 'Idempotency-Replayed'])
  })

  it('has the parameters, and examples only where a value is needed', async () => {
    const { paths } = await document()
    const id = {
      name: 'id',
      in: 'path',
      required: true,
      description: 'The id of the note',
      schema: { type: 'string', minLength: 1 },
    }

    expect(paths['/api/v1/notes/{id}'].patch.parameters).toEqual([
      id,
      { name: 'dry', in: 'query', required: false, schema: { type: 'boolean' } },
      {
        name: 'If-Match',
        in: 'header',
        required: false,
        description: expect.stringContaining('412'),
        schema: { type: 'string' },
      },
    ])
  })

  it("has a row's own errors and those of every route", async () => {
    const { paths } = await document()
    const codesOf = (operation: { responses: Record<string, { content?: object }> }) =>
      Object.fromEntries(
        Object.entries(operation.responses)
          .filter(([status]) => Number(status) >= 400)
          .map(([status, response]) => [
            status,
            Object.keys((response.content as Record<string, { examples: object }>)['application/json']!.examples),
          ]),
      )

    expect(codesOf(paths['/api/v1/notes/{id}'].get)).toEqual({
      400: ['VALIDATION_FAILED'],
      403: ['FORBIDDEN'],
      404: ['USER_NOT_FOUND'],
      500: ['INTERNAL_ERROR'],
      503: ['SERVICE_UNAVAILABLE'],
    })
    expect(codesOf(paths['/api/v1/notes/{id}'].patch)).toEqual({
      400: ['VALIDATION_FAILED', 'MALFORMED_JSON'],
      403: ['FORBIDDEN'],
      412: ['VERSION_MISMATCH'],
      413: ['PAYLOAD_TOO_LARGE'],
      415: ['UNSUPPORTED_MEDIA_TYPE'],
      500: ['INTERNAL_ERROR'],
      503: ['SERVICE_UNAVAILABLE'],
    })
  })

  it('follows the settings', async () => {
    const other = await serve({ env: { VALIDATION_STATUS: '422', REQUIRE_IF_MATCH: 'true' } })
    const { paths, components } = await document(other.url)
    await other.stop()
    const { responses, parameters } = paths['/api/v1/notes/{id}'].patch

    expect(Object.keys(responses)).toEqual(['200', '400', '403', '412', '413', '415', '422', '428', '500', '503'])
    expect(components.examples.VALIDATION_FAILED.value.status_code).toBe(422)
    expect(parameters.find(({ name }: { name: string }) => name === 'If-Match').required).toBe(true)
  })

  it('has no reference that leads nowhere', async () => {
    const whole = await document()
    const references = [...JSON.stringify(whole).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path)

    expect(references.length).toBeGreaterThan(10)
    for (const path of references) {
      expect(path.split('/').reduce((part, key) => part?.[key], whole)).toBeDefined()
    }
  })
})

describe('the pages', () => {
  it.each(['/docs', '/redoc'])('%s loads only what is here, and all of it is', async (page) => {
    const { text } = await request(served.url).get(page).expect(200).expect('Content-Type', 'text/html; charset=utf-8')
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)

    expect(links.length).toBeGreaterThanOrEqual(3)
    for (const link of links) {
      expect(link).toMatch(/^\//)
      const { headers } = await request(served.url).get(link).expect(200)
      expect(headers['cache-control']).toBe('public, max-age=86400')
    }
  })

  it('are compressed, and asked for again they are 304', async () => {
    const path = '/docs/swagger-ui-bundle.js'
    const { headers } = await request(served.url).get(path).set('Accept-Encoding', 'br').expect(200)
    const again = await request(served.url).get(path).set('If-None-Match', String(headers['etag']))

    expect([headers['content-encoding'], again.status, again.text]).toEqual(['br', 304, ''])
  })

  it("ReDoc's bundle asks nobody for a logo", async () => {
    const { text } = await request(served.url).get('/redoc/redoc.standalone.js').expect(200)

    expect(text).not.toContain('cdn.redoc.ly')
  })
})
