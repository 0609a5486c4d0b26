import { PERMISSIONS } from '../../src/http/access'
import { startApi, type TestApi } from '../support/api'

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe.each([400, 422])('roles, with validation status %i', (invalid) => {
  let api: TestApi
  let made = 0

  beforeAll(async () => {
    api = await startApi({ VALIDATION_STATUS: String(invalid) })
  })
  afterAll(async () => api.stop())

  const create = async (body: object = {}) => {
    const answer = await api.request.post('/api/v1/roles').send({ name: `ROLE_${(made += 1)}`, ...body })
    expect(answer.status).toBe(201)
    return answer.body.data
  }
  const holder = async (role: string) => {
    const answer = await api.request
      .post('/users')
      .send({ name: 'H', email: `h${(made += 1)}@example.com`, roles: [role] })
    expect(answer.status).toBe(201)
    return answer.body.data
  }
  const failure = ({
    status,
    body,
  }: {
    status: number
    body: { data: { code: string; errors: { field: string; code: string }[] } }
  }) => [status, body.data.code, ...body.data.errors.map(({ field, code }) => `${field}: ${code}`)]

  test('ADMIN and CLIENT are there from the start', async () => {
    const answer = await api.request.get('/api/v1/roles?name=admin')
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      data: [
        {
          name: 'ADMIN',
          description: expect.any(String),
          permissions: PERMISSIONS,
          is_system: true,
          user_count: 0,
          created_at: expect.stringMatching(TIMESTAMP),
          updated_at: expect.stringMatching(TIMESTAMP),
          version: 1,
        },
      ],
      message: 'Roles listed',
      status_code: 200,
    })
    expect((await api.request.get('/roles/CLIENT')).body.data).toMatchObject({ permissions: [], is_system: true })
  })

  test('POST 201, 409, V', async () => {
    const body = { name: 'AUDITOR', description: ' Reads all of it ', permissions: ['users:read', 'own:thing'] }
    const answer = await api.request.post('/roles').send(body)
    expect([answer.status, answer.headers['etag'], answer.headers['location']]).toEqual([
      201,
      '"1"',
      '/api/v1/roles/AUDITOR',
    ])
    expect(answer.body).toEqual({
      data: {
        ...body,
        description: 'Reads all of it',
        is_system: false,
        user_count: 0,
        created_at: expect.stringMatching(TIMESTAMP),
        updated_at: answer.body.data.created_at,
        version: 1,
      },
      message: 'Role created',
      status_code: 201,
    })
    const read = await api.request.get('/api/v1/roles/AUDITOR')
    expect([read.status, read.headers['etag'], read.body]).toEqual([
      200,
      '"1"',
      { data: answer.body.data, message: 'Role found', status_code: 200 },
    ])
    expect(failure(await api.request.post('/roles').send({ name: 'AUDITOR' }))).toEqual([409, 'ROLE_TAKEN'])
    expect(failure(await api.request.post('/roles').send({}))).toEqual([
      invalid,
      'VALIDATION_FAILED',
      'name: any.required',
    ])
    const wrong = { name: 'x', description: 5, permissions: ['Users', 'a:b', 'a:b'], is_system: true, nope: 1 }
    expect(failure(await api.request.post('/roles').send(wrong))).toEqual([
      invalid,
      'VALIDATION_FAILED',
      'name: string.pattern.base',
      'description: string.base',
      'permissions.0: string.pattern.base',
      'permissions.2: array.unique',
      'is_system: object.unknown',
      'nope: object.unknown',
    ])
  })

  test('GET filters, sorts, searches and pages', async () => {
    await create({ name: 'ZETA', description: 'Greek letter', permissions: ['greek:read'] })
    await create({ name: 'ETA', description: 'greek too', permissions: ['greek:read', 'greek:write'] })
    const names = async (query: string) =>
      (await api.request.get(`/roles?${query}`)).body.data.map(({ name }: { name: string }) => name)
    expect(await names('permission=greek:read')).toEqual(['ETA', 'ZETA'])
    expect(await names('permission=greek:write')).toEqual(['ETA'])
    expect(await names('q=GREEK&sort=-name')).toEqual(['ZETA', 'ETA'])
    expect(await names('q=zet')).toEqual(['ZETA'])
    const first = await api.request.get('/roles?q=greek&page_size=1')
    expect(first.headers).toMatchObject({ 'x-total-count': '2', 'x-next-cursor': expect.any(String) })
    expect(await names(`q=greek&page_size=1&cursor=${first.headers['x-next-cursor']}`)).toEqual(['ZETA'])
    for (const [query, problem] of [
      ['sort=version', 'sort: sort.syntax'],
      ['nope=1', 'nope: object.unknown'],
      ['cursor=x', 'cursor: cursor.foreign'],
    ]) {
      expect(failure(await api.request.get(`/roles?${query}`))).toEqual([invalid, 'VALIDATION_FAILED', problem])
    }
  })

  test('PUT and PATCH 200, V, 404, 412', async () => {
    const role = await create({ description: 'Old', permissions: ['a:b'] })
    const path = `/roles/${role.name}`
    const patched = await api.request.patch(path).set('If-Match', '"1"').send({ description: 'New' })
    const expected = { ...role, description: 'New', version: 2, updated_at: patched.body.data.updated_at }
    expect([patched.status, patched.headers['etag'], patched.body]).toEqual([
      200,
      '"2"',
      { data: expected, message: 'Role updated', status_code: 200 },
    ])
    const put = await api.request.put(path).send({ ...expected, description: undefined })
    expect(put.body.data).toMatchObject({ description: '', permissions: ['a:b'], version: 3 })
    expect((await api.request.get(path)).body.data).toEqual(put.body.data)
    expect(failure(await api.request.patch(path).set('If-Match', '"2"').send({}))).toEqual([412, 'VERSION_MISMATCH'])
    expect(failure(await api.request.put('/roles/NOPE').send({}))).toEqual([404, 'ROLE_NOT_FOUND'])
    expect(failure(await api.request.patch('/roles/nope').send({}))).toEqual([404, 'ROLE_NOT_FOUND'])
    expect(failure(await api.request.get('/roles/nope'))).toEqual([404, 'ROLE_NOT_FOUND'])
    expect(failure(await api.request.patch(path).send({ version: 9, description: 'x' }))).toEqual([
      invalid,
      'VALIDATION_FAILED',
      'version: any.readonly',
    ])
  })

  test('another name renames the role for its holders too', async () => {
    const role = await create()
    const user = await holder(role.name)
    const answer = await api.request.patch(`/roles/${role.name}`).send({ name: 'RENAMED' })
    expect([answer.status, answer.body.data.name, answer.body.data.user_count]).toEqual([200, 'RENAMED', 1])
    const { body } = await api.request.get(`/users/${user.id}`)
    expect(body.data).toMatchObject({ roles: ['RENAMED'], version: 2 })
    expect(failure(await api.request.get(`/roles/${role.name}`))).toEqual([404, 'ROLE_NOT_FOUND'])
    expect(failure(await api.request.patch('/roles/RENAMED').send({ name: 'CLIENT' }))).toEqual([409, 'ROLE_TAKEN'])
    await api.request.delete('/roles/RENAMED?force=true')
  })

  test('DELETE 204, 404, 409, 412, V', async () => {
    const role = await create()
    const path = `/roles/${role.name}`
    const user = await holder(role.name)
    expect((await api.request.get(path)).body.data.user_count).toBe(1)
    expect(failure(await api.request.delete(path).set('If-Match', '"2"'))).toEqual([412, 'VERSION_MISMATCH'])
    expect(failure(await api.request.delete(path))).toEqual([409, 'ROLE_IN_USE'])
    expect(failure(await api.request.delete(`${path}?force=false`))).toEqual([409, 'ROLE_IN_USE'])
    expect(failure(await api.request.delete(`${path}?force=perhaps`))).toEqual([
      invalid,
      'VALIDATION_FAILED',
      'force: boolean.base',
    ])
    expect((await api.request.get(`/users/${user.id}`)).body.data).toEqual(user)
    const deleted = await api.request.delete(`${path}?force=true`)
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    const { body } = await api.request.get(`/users/${user.id}`)
    expect(body.data).toEqual({ ...user, roles: [], version: 3, updated_at: body.data.updated_at })
    expect(failure(await api.request.delete(path))).toEqual([404, 'ROLE_NOT_FOUND'])
  })

  test('system roles stay what they are', async () => {
    expect(failure(await api.request.delete('/roles/CLIENT?force=true'))).toEqual([409, 'SYSTEM_ROLE'])
    expect(failure(await api.request.patch('/roles/ADMIN').send({ name: 'ROOT' }))).toEqual([409, 'SYSTEM_ROLE'])
    expect(failure(await api.request.patch('/roles/ADMIN').send({ permissions: [] }))).toEqual([409, 'SYSTEM_ROLE'])
    expect((await api.request.patch('/roles/ADMIN').send({ description: 'Root' })).status).toBe(200)
    expect((await api.request.patch('/roles/CLIENT').send({ permissions: ['users:read'] })).status).toBe(200)
  })

  test('405 names the methods', async () => {
    const answer = await api.request.patch('/api/v1/roles').send({})
    expect([answer.status, answer.headers['allow']]).toEqual([405, expect.stringContaining('POST')])
  })
})
