import { startApi, type TestApi } from '../support/api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: object; example?: object }> }>>
  readonly requestBody?: { readonly content: Readonly<Record<string, { example?: object }>> }
}

async function operations(): Promise<readonly (Operation & { path: string; method: string })[]> {
  const { body } = await api.request.get('/openapi.json').expect(200)
  return Object.entries<Record<string, Operation>>(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
  )
}

it('documents every route of users and roles', async () => {
  const shown = (await operations()).map(({ method, path }) => `${method.toUpperCase()} ${path}`)

  expect(shown).toEqual(
    expect.arrayContaining([
      'POST /api/v1/users',
      'GET /api/v1/users',
      'GET /api/v1/users/{id}',
      'PUT /api/v1/users/{id}',
      'PATCH /api/v1/users/{id}',
      'DELETE /api/v1/users/{id}',
      'PUT /api/v1/users/{id}/email',
      'PUT /api/v1/users/{id}/password',
      'POST /api/v1/users/{id}/restore',
      'GET /api/v1/users/{id}/roles',
      'POST /api/v1/users/{id}/roles',
      'PUT /api/v1/users/{id}/roles',
      'DELETE /api/v1/users/{id}/roles/{role}',
      'GET /api/v1/roles',
      'POST /api/v1/roles',
      'GET /api/v1/roles/{name}',
      'PUT /api/v1/roles/{name}',
      'PATCH /api/v1/roles/{name}',
      'DELETE /api/v1/roles/{name}',
    ]),
  )
})

it('operation ids are unique, and every body and answer has an example', async () => {
  const all = await operations()

  expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length)
  for (const { operationId, requestBody, responses } of all) {
    const parts = [
      requestBody,
      ...Object.entries(responses).flatMap(([status, answer]) => (status < '400' ? answer : [])),
    ]
    for (const part of parts) {
      for (const content of Object.values(part?.content ?? {}))
        expect([operationId, content]).toEqual([operationId, expect.objectContaining({ example: expect.anything() })])
    }
  }
})

it('the example of a new user is one that the service takes', async () => {
  const create = (await operations()).find(({ operationId }) => operationId === 'createUser')!
  const { example } = create.requestBody!.content['application/json']!
  const { body } = await api.request.post('/api/v1/users').send(example).expect(201)
  const shown = create.responses['201']!.content!['application/json']!.example as { data: object }

  expect(Object.keys(body.data)).toEqual(Object.keys(shown.data))
  expect(JSON.stringify(shown)).not.toMatch(/"password"|hash/)
})

describe('who may call', () => {
  const shown = async (service: TestApi, path: string, method: string) =>
    (await service.request.get('/openapi.json')).body.paths[path][method]
  const PERSON = { accessToken: [] }
  const PROGRAM = { apiKey: [] }

  it('stands at each operation: credentials, permission, and the answers that follow', async () => {
    const required = await startApi({ AUTH_MODE: 'required' })
    try {
      const { components } = (await required.request.get('/openapi.json')).body
      expect(components.securitySchemes).toMatchObject({
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'http', scheme: 'bearer' },
      })
      const get = await shown(required, '/api/v1/users/{id}', 'get')
      expect(get).toMatchObject({ security: [PERSON, PROGRAM], 'x-access': 'self', 'x-permission': 'users:read' })
      expect(get.description).toBe('For the person itself, and with the permission `users:read`.')
      expect(get.responses['401'].description).toMatch(/^UNAUTHENTICATED/)
      const make = await shown(required, '/api/v1/auth/api-keys', 'post')
      expect(make).toMatchObject({ security: [PERSON], 'x-access': 'people', 'x-step-up': true })
      expect(Object.keys(make.responses['401'].content['application/json'].examples)).toEqual([
        'UNAUTHENTICATED',
        'STEP_UP_REQUIRED',
      ])
      const login = await shown(required, '/api/v1/auth/login', 'post')
      expect([login.security, login.responses['429']]).toEqual([[], expect.anything()])
    } finally {
      await required.stop()
    }
  })

  it('in open mode credentials are optional', async () => {
    expect((await shown(api, '/api/v1/users', 'get')).security).toEqual([PERSON, PROGRAM, {}])
  })
})
