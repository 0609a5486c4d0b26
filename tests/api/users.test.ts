import { startApi, type TestApi } from '../support/api'

const NOBODY = 'ffffffffffffffffffffffff'
const JOHN = { name: 'John Doe', email: 'john.doe@example.com', password: 'Password@123', age: 30 }
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe.each([400, 422])('users, with validation status %i', (invalid) => {
  let api: TestApi
  let emails = 0

  beforeAll(async () => {
    api = await startApi({ VALIDATION_STATUS: String(invalid) })
  })
  afterAll(async () => api.stop())

  const newEmail = () => `user${(emails += 1)}@example.com`
  const create = async (body: object = {}) => {
    const answer = await api.request.post('/api/v1/users').send({ name: 'Some One', email: newEmail(), ...body })
    expect(answer.status).toBe(201)
    return answer.body.data
  }
  const stored = async (id: string) => (await api.request.get(`/users/${id}`)).body.data

  /** [status, code, fields] of a failure; its body is the envelope of one, exactly. */
  function failure({ status, body, headers }: Awaited<ReturnType<typeof api.request.get>>) {
    const errors = body.data.errors.map(({ field, code }: { field: string; code: string }) => `${field}: ${code}`)
    expect(body).toEqual({
      data: { code: expect.any(String), errors: expect.any(Array), request_id: headers['x-request-id'] },
      message: expect.any(String),
      status_code: status,
    })
    for (const error of body.data.errors) expect(Object.keys(error)).toEqual(['field', 'code', 'message'])
    return [status, body.data.code, ...errors]
  }

  describe('POST /users', () => {
    test('201', async () => {
      const answer = await api.request.post('/api/v1/users').send({ ...JOHN, email: '  John.Doe@Example.COM ' })
      expect(answer.status).toBe(201)
      expect(answer.body).toEqual({
        data: {
          id: expect.stringMatching(/^[0-9a-f]{24}$/),
          name: 'John Doe',
          first_name: null,
          last_name: null,
          email: 'john.doe@example.com',
          email_verified: false,
          has_password: true,
          age: 30,
          is_active: true,
          roles: ['CLIENT'],
          metadata: {},
          created_at: expect.stringMatching(TIMESTAMP),
          updated_at: answer.body.data.created_at,
          version: 1,
        },
        message: 'User created',
        status_code: 201,
      })
      expect(answer.headers).toMatchObject({ etag: '"1"', location: `/api/v1/users/${answer.body.data.id}` })
      expect((await api.request.get(answer.headers['location']!)).body.data).toEqual(answer.body.data)
      const document = await api.connection.collection('users').findOne({ email: 'john.doe@example.com' })
      expect(document).toMatchObject({ password_hash: expect.stringMatching(/^\$2b\$04\$/), version: 1 })
    })

    test.each(['/users', '/user', '/users/', '/api/v1/users/'])(
      'also at %s, with the canonical Location',
      async (path) => {
        const answer = await api.request.post(path).send({ name: 'Alias', email: newEmail() })
        expect([answer.status, answer.headers['location']]).toEqual([201, `/api/v1/users/${answer.body.data.id}`])
      },
    )

    test('a name made of its parts, everything else given', async () => {
      const body = {
        name: undefined,
        first_name: ' Ann ',
        last_name: 'Lee',
        email: newEmail(),
        age: null,
        is_active: false,
        roles: ['ADMIN', 'CLIENT'],
        metadata: { plan: 'pro', list: [1, 2.5, null, true], 'a key': { deep: {} } },
      }
      expect(await create(body)).toMatchObject({ ...body, first_name: 'Ann', name: 'Ann Lee', has_password: false })
    })

    test('409 EMAIL_TAKEN', async () => {
      await create({ email: 'taken@example.com' })
      const answer = await api.request.post('/users').send({ name: 'X', email: 'Taken@Example.com' })
      expect(failure(answer)).toEqual([409, 'EMAIL_TAKEN'])
    })

    test('lists every problem', async () => {
      const body = {
        name: ' ',
        email: 'nope',
        password: 'short',
        age: '30',
        is_active: 'true',
        roles: 'ADMIN',
        metadata: [],
        id: NOBODY,
        version: 1,
        extra: 1,
      }
      const answer = await api.request.post('/users').send(body)
      expect(failure(answer)).toEqual([
        invalid,
        'VALIDATION_FAILED',
        'name: string.empty',
        'email: string.email',
        'password: string.min',
        'password: string.pattern.name',
        'password: string.pattern.name',
        'age: number.base',
        'is_active: boolean.base',
        'roles: array.base',
        'metadata: object.base',
        'id: object.unknown',
        'version: object.unknown',
        'extra: object.unknown',
      ])
      expect(answer.text).not.toContain('short')
      expect(await api.connection.collection('users').countDocuments({ name: ' ' })).toBe(0)
    })

    test.each<[string, object, string[]]>([
      ['nothing', {}, ['name: any.required', 'email: any.required']],
      ['half a name', { first_name: 'A', email: 'a@b.co' }, ['name: any.required']],
      ['a name too long', { name: 'x'.repeat(101), email: 'a@b.co' }, ['name: string.max']],
      ['a name with a line break', { name: 'a\nb', email: 'a@b.co' }, ['name: string.unprintable']],
      ['a name with a NUL', { name: 'a\0', email: 'a@b.co' }, ['name: string.unprintable']],
      ['half a character', { name: 'a\ud800', email: 'a@b.co' }, ['name: string.unprintable']],
      ['a number as name', { name: 5, email: 'a@b.co' }, ['name: string.base']],
      ['null as name', { name: null, email: 'a@b.co' }, ['name: string.base']],
      [
        'parts too long together',
        { first_name: 'x'.repeat(60), last_name: 'x'.repeat(60), email: 'a@b.co' },
        ['name: string.max'],
      ],
      ['a letter that would turn into k', { name: 'x', email: '\u212Aate@example.com' }, ['email: string.email']],
      ['an e-mail beyond ASCII', { name: 'x', email: 'é@example.com' }, ['email: string.email']],
      ['an e-mail without a dot', { name: 'x', email: 'a@localhost' }, ['email: string.email']],
      ['two dots', { name: 'x', email: 'a..b@example.com' }, ['email: string.email']],
      [
        'an e-mail too long',
        { name: 'x', email: `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.com` },
        ['email: string.max', 'email: string.email'],
      ],
      [
        'a password too long in bytes',
        { name: 'x', email: 'a@b.co', password: `Aa1${'é'.repeat(35)}` },
        ['password: string.max'],
      ],
      [
        'a password with NUL',
        { name: 'x', email: 'a@b.co', password: 'Password@1\0' },
        ['password: password.characters'],
      ],
      [
        'a password without digits',
        { name: 'x', email: 'a@b.co', password: 'PasswordPass' },
        ['password: string.pattern.name'],
      ],
      ['null as password', { name: 'x', email: 'a@b.co', password: null }, ['password: string.base']],
      ['age 0', { name: 'x', email: 'a@b.co', age: 0 }, ['age: number.min']],
      ['age 151', { name: 'x', email: 'a@b.co', age: 151 }, ['age: number.max']],
      ['age 1.5', { name: 'x', email: 'a@b.co', age: 1.5 }, ['age: number.integer']],
      [
        'unknown roles',
        { name: 'x', email: 'a@b.co', roles: ['CLIENT', 'NOPE', 'client'] },
        ['roles.1: roles.unknown', 'roles.2: roles.unknown'],
      ],
      ['a role twice', { name: 'x', email: 'a@b.co', roles: ['CLIENT', 'CLIENT'] }, ['roles.1: array.unique']],
      [
        'a key with a dollar',
        { name: 'x', email: 'a@b.co', metadata: { a: [{ $gt: 1 }] } },
        ['metadata: metadata.key'],
      ],
      ['a key with a dot', { name: 'x', email: 'a@b.co', metadata: { 'a.b': 1 } }, ['metadata: metadata.key']],
      ['a key with a NUL', { name: 'x', email: 'a@b.co', metadata: { 'a\0': 1 } }, ['metadata: metadata.key']],
      ['an empty key', { name: 'x', email: 'a@b.co', metadata: { '': 1 } }, ['metadata: metadata.key']],
      [
        'a key of the driver',
        { name: 'x', email: 'a@b.co', metadata: { a: { _bsontype: 'ObjectId' } } },
        ['metadata: metadata.key'],
      ],
      [
        'too deep',
        { name: 'x', email: 'a@b.co', metadata: { a: { b: { c: { d: { e: { f: {} } } } } } } },
        ['metadata: metadata.depth'],
      ],
      ['lists count', { name: 'x', email: 'a@b.co', metadata: { a: [[[[[[]]]]]] } }, ['metadata: metadata.depth']],
      ['too large', { name: 'x', email: 'a@b.co', metadata: { a: 'é'.repeat(8_192) } }, ['metadata: metadata.size']],
    ])('%s', async (_what, body, problems) => {
      const answer = await api.request.post('/users').send(body)
      expect(failure(answer)).toEqual([invalid, 'VALIDATION_FAILED', ...problems])
    })

    test.each<[string, object, object]>([
      ['any top-level domain', { email: 'john@users.internal' }, { email: 'john@users.internal' }],
      ['plus and dots', { email: 'J.D+x_y@Sub.Example.io' }, { email: 'j.d+x_y@sub.example.io' }],
      ['a name of 100', { name: `  ${'é'.repeat(100)} ` }, { name: 'é'.repeat(100) }],
      ['a password of 72 bytes', { password: `Aa1${'x'.repeat(69)}` }, { has_password: true }],
      ['SecurePass123', { password: 'SecurePass123' }, { has_password: true }],
      ['the oldest', { age: 150 }, { age: 150 }],
      ['no roles', { roles: [] }, { roles: [] }],
      ['five deep', { metadata: { a: { b: { c: { d: [{}] } } } } }, { metadata: { a: { b: { c: { d: [{}] } } } } }],
      ['16 KiB', { metadata: { a: 'x'.repeat(16_384 - 8) } }, { metadata: { a: 'x'.repeat(16_376) } }],
    ])('accepts %s', async (_what, body, expected) => {
      expect(await create(body)).toMatchObject(expected)
    })

    test('__proto__ is refused wherever it stands', async () => {
      for (const text of [
        '{"name":"x","email":"p@b.co","__proto__":{}}',
        '{"name":"x","email":"p@b.co","metadata":{"a":{"__proto__":1}}}',
      ]) {
        const answer = await api.request.post('/users').set('Content-Type', 'application/json').send(text)
        expect(failure(answer).slice(0, 2)).toEqual([invalid, 'VALIDATION_FAILED'])
      }
    })
  })

  describe('GET /users/{id}', () => {
    test('200, 304', async () => {
      const user = await create()
      const answer = await api.request.get(`/api/v1/users/${user.id}`)
      expect([answer.status, answer.headers['etag'], answer.body]).toEqual([
        200,
        '"1"',
        { data: user, message: 'User found', status_code: 200 },
      ])
      for (const tag of ['"1"', 'W/"1"', '"7", "1"', '*']) {
        const fresh = await api.request.get(`/user/${user.id}`).set('If-None-Match', tag)
        expect([fresh.status, fresh.headers['etag'], fresh.text]).toEqual([304, '"1"', ''])
      }
      expect((await api.request.get(`/users/${user.id}`).set('If-None-Match', '"2"')).status).toBe(200)
    })

    test.each([NOBODY, 'nope', '1', '%20'])('404 for %s', async (id) => {
      expect(failure(await api.request.get(`/users/${id}`))).toEqual([404, 'USER_NOT_FOUND'])
    })
  })

  describe('PUT /users/{id}', () => {
    test('200: what is not given goes back to its default', async () => {
      const user = await create({
        ...JOHN,
        email: newEmail(),
        first_name: 'J',
        metadata: { a: 1 },
        is_active: false,
        roles: [],
      })
      const answer = await api.request.put(`/users/${user.id}`).send({ name: 'Jane', email: newEmail() })
      expect([answer.status, answer.headers['etag'], answer.body.message]).toEqual([200, '"2"', 'User updated'])
      expect(answer.body.data).toEqual({
        ...user,
        name: 'Jane',
        first_name: null,
        email: expect.not.stringMatching(user.email),
        age: null,
        metadata: {},
        updated_at: expect.stringMatching(TIMESTAMP),
        version: 2,
      })
      expect(await stored(user.id)).toEqual(answer.body.data)
    })

    test('what was read can be edited and sent', async () => {
      const user = await create()
      const answer = await api.request
        .put(`/users/${user.id}`)
        .set('If-Match', '"1"')
        .send({ ...user, age: 40 })
      expect([answer.status, answer.body.data.age, answer.body.data.version]).toEqual([200, 40, 2])
      const late = await api.request.put(`/users/${user.id}`).send({ ...user, age: 41 })
      expect(failure(late)).toEqual([
        invalid,
        'VALIDATION_FAILED',
        ...(answer.body.data.updated_at === user.updated_at ? [] : ['updated_at: any.readonly']),
        'version: any.readonly',
      ])
    })

    test('404, 409, 412, V', async () => {
      const user = await create()
      const other = await create()
      const body = { name: 'New', email: user.email }
      const put = (id: string, sent: object) => api.request.put(`/users/${id}`).send(sent)
      expect(failure(await put(NOBODY, body))).toEqual([404, 'USER_NOT_FOUND'])
      expect(failure(await put(user.id, { ...body, email: other.email }))).toEqual([409, 'EMAIL_TAKEN'])
      for (const tag of ['"2"', 'W/"1"', '"x"', '1']) {
        expect(failure(await put(user.id, body).set('If-Match', tag))).toEqual([412, 'VERSION_MISMATCH'])
      }
      expect(failure(await put(user.id, { age: 1 }))).toEqual([
        invalid,
        'VALIDATION_FAILED',
        'name: any.required',
        'email: any.required',
      ])
      expect(await stored(user.id)).toEqual(user)
      expect((await put(user.id, body).set('If-Match', '"9", "1"')).status).toBe(200)
      expect((await put(user.id, { ...body, age: 5 }).set('If-Match', '*')).status).toBe(200)
    })
  })

  describe('PATCH /users/{id}', () => {
    test.each(['application/json', 'application/merge-patch+json'])('200 for %s', async (type) => {
      const user = await create({ metadata: { a: 1, b: { c: 2, d: 3 } }, age: 30 })
      const patch = { age: null, metadata: { a: null, b: { c: 5 } } }
      const answer = await api.request.patch(`/users/${user.id}`).set('Content-Type', type).send(JSON.stringify(patch))
      const expected = {
        ...user,
        age: null,
        metadata: { b: { c: 5, d: 3 } },
        version: 2,
        updated_at: answer.body.data.updated_at,
      }
      expect([answer.status, answer.headers['etag'], answer.body]).toEqual([
        200,
        '"2"',
        { data: expected, message: 'User updated', status_code: 200 },
      ])
      expect(await stored(user.id)).toEqual(expected)
    })

    test('a name alone; the list sorts by it at once', async () => {
      const user = await create({ first_name: 'A', last_name: 'B', name: undefined })
      const answer = await api.request.patch(`/users/${user.id}`).send({ name: '  0 first ' })
      expect(answer.body.data).toMatchObject({ name: '0 first', version: 2 })
      const list = await api.request.get('/users?sort=name&page_size=1')
      expect(list.body.data[0].id).toBe(user.id)
    })

    test.each<[object, string[]]>([
      [{ email: null }, ['email: string.base']],
      [{ password: null }, ['password: string.base']],
      [{ is_active: null }, ['is_active: boolean.base']],
      [{ roles: null }, ['roles: array.base']],
      [{ name: null }, ['name: any.required']],
      [{ id: NOBODY, version: 9 }, ['id: any.readonly', 'version: any.readonly']],
      [{ nope: 1, name: '' }, ['name: string.empty', 'nope: object.unknown']],
      [{ metadata: { a: { $set: 1 } } }, ['metadata: metadata.key']],
      [{ roles: ['NOPE'] }, ['roles.0: roles.unknown']],
    ])('V for %j', async (patch, problems) => {
      const user = await create()
      const answer = await api.request.patch(`/users/${user.id}`).send(patch)
      expect(failure(answer)).toEqual([invalid, 'VALIDATION_FAILED', ...problems])
      expect(await stored(user.id)).toEqual(user)
    })

    test('404, 409, 412', async () => {
      const user = await create()
      const other = await create()
      const patch = (id: string, body: object) => api.request.patch(`/users/${id}`).send(body)
      expect(failure(await patch(NOBODY, { name: 'x' }))).toEqual([404, 'USER_NOT_FOUND'])
      expect(failure(await patch('nope', { age: 3 }))).toEqual([404, 'USER_NOT_FOUND'])
      expect(failure(await patch(user.id, { email: other.email.toUpperCase() }))).toEqual([409, 'EMAIL_TAKEN'])
      expect(failure(await patch(user.id, { name: 'x' }).set('If-Match', '"2"'))).toEqual([412, 'VERSION_MISMATCH'])
      expect(failure(await patch(user.id, {}).set('If-Match', 'W/"1"'))).toEqual([412, 'VERSION_MISMATCH'])
      expect(await stored(user.id)).toEqual(user)
    })
  })

  describe('PUT /users/{id}/email', () => {
    test('200, V, 404, 409, 412', async () => {
      const user = await create()
      const other = await create()
      const put = (id: string, body: object) => api.request.put(`/users/${id}/email`).send(body)
      const answer = await put(user.id, { email: ' New.Mail@Example.com' })
      expect([answer.status, answer.headers['etag'], answer.body]).toEqual([
        200,
        '"2"',
        {
          data: { ...user, email: 'new.mail@example.com', version: 2, updated_at: answer.body.data.updated_at },
          message: 'E-mail changed',
          status_code: 200,
        },
      ])
      await put(user.id, { email: newEmail() })
      expect(failure(await put(user.id, { email: 'x', name: 'y' }))).toEqual([
        invalid,
        'VALIDATION_FAILED',
        'email: string.email',
        'name: object.unknown',
      ])
      expect(failure(await put(NOBODY, { email: newEmail() }))).toEqual([404, 'USER_NOT_FOUND'])
      expect(failure(await put(user.id, { email: other.email }))).toEqual([409, 'EMAIL_TAKEN'])
      expect(failure(await put(user.id, { email: newEmail() }).set('If-Match', '"1"'))).toEqual([
        412,
        'VERSION_MISMATCH',
      ])
    })
  })

  describe('PUT /users/{id}/password', () => {
    test('200, V, 403, 404', async () => {
      const user = await create()
      const put = (id: string, body: object) => api.request.put(`/users/${id}/password`).send(body)
      const answer = await put(user.id, { password: 'Password@123' })
      expect([answer.status, answer.headers['etag'], answer.body.message]).toEqual([200, '"2"', 'Password set'])
      expect(answer.body.data).toMatchObject({ has_password: true, version: 2 })
      expect((await put(user.id, { password: 'SecurePass123', current_password: 'Password@123' })).status).toBe(200)
      const wrong = await put(user.id, { password: 'Password@123', current_password: 'Wrong@123' })
      expect(failure(wrong)).toEqual([403, 'FORBIDDEN'])
      expect(failure(await put(user.id, { password: 'weak-secret' }))).toEqual([
        invalid,
        'VALIDATION_FAILED',
        'password: string.pattern.name',
        'password: string.pattern.name',
      ])
      expect(failure(await put(user.id, {}))).toEqual([invalid, 'VALIDATION_FAILED', 'password: any.required'])
      expect(failure(await put(NOBODY, { password: 'Password@123' }))).toEqual([404, 'USER_NOT_FOUND'])
    })
  })

  describe('DELETE /users/{id} and POST /users/{id}/restore', () => {
    test('204, 404, and back', async () => {
      const user = await create(JOHN_WITH(newEmail()))
      const answer = await api.request.delete(`/users/${user.id}`)
      expect([answer.status, answer.text]).toEqual([204, ''])
      expect(failure(await api.request.get(`/users/${user.id}`))).toEqual([404, 'USER_NOT_FOUND'])
      expect(failure(await api.request.delete(`/users/${user.id}`))).toEqual([404, 'USER_NOT_FOUND'])
      const restored = await api.request.post(`/users/${user.id}/restore`)
      expect([restored.status, restored.headers['etag'], restored.body]).toEqual([
        200,
        '"2"',
        {
          data: { ...user, version: 2, updated_at: restored.body.data.updated_at },
          message: 'User restored',
          status_code: 200,
        },
      ])
      expect(await stored(user.id)).toEqual(restored.body.data)
      expect(failure(await api.request.post(`/users/${user.id}/restore`))).toEqual([404, 'USER_NOT_FOUND'])
      expect(failure(await api.request.post('/users/nope/restore'))).toEqual([404, 'USER_NOT_FOUND'])
    })

    test('200 with the user, if that is preferred', async () => {
      const user = await create()
      const answer = await api.request.delete(`/users/${user.id}`).set('Prefer', 'wait=5, Return="representation"; x=y')
      expect([answer.status, answer.headers['preference-applied'], answer.body]).toEqual([
        200,
        'return=representation',
        { data: user, message: 'User deleted', status_code: 200 },
      ])
      const minimal = await create()
      expect((await api.request.delete(`/users/${minimal.id}`).set('Prefer', 'return=minimal')).status).toBe(204)
    })

    test('the e-mail is free at once; restoring does not take it back', async () => {
      const user = await create()
      await api.request.delete(`/users/${user.id}`)
      await create({ email: user.email })
      expect(failure(await api.request.post(`/users/${user.id}/restore`))).toEqual([409, 'EMAIL_TAKEN'])
    })

    test('412', async () => {
      const user = await create()
      expect(failure(await api.request.delete(`/users/${user.id}`).set('If-Match', '"2"'))).toEqual([
        412,
        'VERSION_MISMATCH',
      ])
      expect(await stored(user.id)).toEqual(user)
      expect((await api.request.delete(`/users/${user.id}`).set('If-Match', '"1"')).status).toBe(204)
    })
  })

  describe('/users/{id}/roles', () => {
    const END = '2199-01-01T00:00:00.000Z'

    test('are listed, added, replaced and taken', async () => {
      const user = await create()
      const path = `/users/${user.id}/roles`
      const client = { role: 'CLIENT', granted_at: user.created_at, expires_at: null }
      const listed = await api.request.get(path)
      expect([listed.status, listed.headers['etag'], listed.body]).toEqual([
        200,
        '"1"',
        { data: [client], message: 'Roles listed', status_code: 200 },
      ])
      const added = await api.request.post(path).send({ roles: ['ADMIN'], expires_at: END })
      const admin = { role: 'ADMIN', granted_at: expect.stringMatching(TIMESTAMP), expires_at: END }
      expect([added.status, added.headers['etag'], added.body]).toEqual([
        200,
        '"2"',
        { data: [client, admin], message: 'Roles granted', status_code: 200 },
      ])
      expect((await stored(user.id)).roles).toEqual(['CLIENT', 'ADMIN'])
      const replaced = await api.request
        .put(path)
        .set('If-Match', '"2"')
        .send({ roles: ['ADMIN'], expires_at: END })
      expect(replaced.body).toEqual({ data: [admin], message: 'Roles replaced', status_code: 200 })
      const taken = await api.request.delete(`${path}/ADMIN`)
      expect([taken.status, taken.text]).toEqual([204, ''])
      expect(await stored(user.id)).toMatchObject({ roles: [], version: 4 })
    })

    test('V, 404, 412', async () => {
      const user = await create()
      const path = `/users/${user.id}/roles`
      const past = { roles: ['NOPE', 'CLIENT'], expires_at: '2020-01-01T00:00:00Z' }
      expect(failure(await api.request.post(path).send(past))).toEqual([
        invalid,
        'VALIDATION_FAILED',
        'roles.0: roles.unknown',
        'expires_at: date.past',
      ])
      expect(failure(await api.request.post(path).send({ roles: [], expires_at: '2199-02-30T00:00:00Z' }))).toEqual([
        invalid,
        'VALIDATION_FAILED',
        'roles: array.min',
        'expires_at: string.isoDate',
      ])
      expect(failure(await api.request.put(path).send({}))).toEqual([
        invalid,
        'VALIDATION_FAILED',
        'roles: any.required',
      ])
      expect(failure(await api.request.get(`/users/${NOBODY}/roles`))).toEqual([404, 'USER_NOT_FOUND'])
      expect(failure(await api.request.post(`/users/${NOBODY}/roles`).send({ roles: ['ADMIN'] }))).toEqual([
        404,
        'USER_NOT_FOUND',
      ])
      expect(failure(await api.request.delete(`${path}/ADMIN`))).toEqual([404, 'ROLE_NOT_FOUND'])
      expect(failure(await api.request.put(path).set('If-Match', '"7"').send({ roles: [] }))).toEqual([
        412,
        'VERSION_MISMATCH',
      ])
      expect(failure(await api.request.delete(`${path}/CLIENT`).set('If-Match', '"7"'))).toEqual([
        412,
        'VERSION_MISMATCH',
      ])
      expect(await stored(user.id)).toEqual(user)
    })

    test('a grant that ends by itself is gone, and the version has risen', async () => {
      const user = await create()
      const expires_at = new Date(Date.now() + 400).toISOString()
      await api.request.post(`/users/${user.id}/roles`).send({ roles: ['ADMIN'], expires_at })
      await new Promise((resolve) => setTimeout(resolve, 450))
      const answer = await api.request.get(`/users/${user.id}`).set('If-None-Match', '"2"')
      expect([answer.status, answer.headers['etag'], answer.body.data.roles]).toEqual([200, '"3"', ['CLIENT']])
      expect(failure(await api.request.patch(`/users/${user.id}`).set('If-Match', '"2"').send({ age: 9 }))[0]).toBe(412)
      const patched = await api.request.patch(`/users/${user.id}`).set('If-Match', '"3"').send({ age: 9 })
      expect([patched.status, patched.headers['etag']]).toEqual([200, '"4"'])
      const holders = await api.request.get('/users?role=ADMIN&page_size=100')
      expect(holders.body.data.map(({ id }: { id: string }) => id)).not.toContain(user.id)
    })
  })

  test('409 LAST_ADMIN, whatever way is tried', async () => {
    const others = await api.request.get('/users?role=ADMIN&page_size=100')
    const last = await create({ roles: ['ADMIN'] })
    for (const { id } of others.body.data) await api.request.delete(`/users/${id}`)
    const path = `/users/${last.id}`
    const attempts = [
      () => api.request.delete(path),
      () => api.request.patch(path).send({ is_active: false }),
      () => api.request.patch(path).send({ roles: [] }),
      () => api.request.put(path).send({ name: 'X', email: last.email, roles: ['CLIENT'] }),
      () => api.request.put(`${path}/roles`).send({ roles: ['CLIENT'] }),
      () => api.request.delete(`${path}/roles/ADMIN`),
      () => api.request.post(`${path}/roles`).send({ roles: ['ADMIN'], expires_at: '2199-01-01T00:00:00Z' }),
    ]
    for (const attempt of attempts) expect(failure(await attempt())).toEqual([409, 'LAST_ADMIN'])
    expect(await stored(last.id)).toEqual(last)
  })
})

const JOHN_WITH = (email: string) => ({ ...JOHN, email })

test('REQUIRE_IF_MATCH: 428 where it is absent', async () => {
  const api = await startApi({ REQUIRE_IF_MATCH: 'true' })
  try {
    const { body } = await api.request.post('/users').send(JOHN)
    const path = `/users/${body.data.id}`
    const calls = [
      api.request.put(path).send({ name: 'X', email: 'x@example.com' }),
      api.request.patch(path).send({ name: 'X' }),
      api.request.put(`${path}/email`).send({ email: 'x@example.com' }),
      api.request.put(`${path}/password`).send({ password: 'SecurePass123' }),
      api.request.put(`${path}/roles`).send({ roles: [] }),
      api.request.delete(`${path}/roles/CLIENT`),
      api.request.delete(path),
    ]
    for (const call of calls) {
      const answer = await call
      expect([answer.status, answer.body.data.code]).toEqual([428, 'PRECONDITION_REQUIRED'])
    }
    expect((await api.request.get(path)).body.data).toEqual(body.data)
    expect((await api.request.patch(path).set('If-Match', '"1"').send({ name: 'X' })).status).toBe(200)
  } finally {
    await api.stop()
  }
})
