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
