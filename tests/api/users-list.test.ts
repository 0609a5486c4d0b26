import { startApi, type TestApi } from '../support/api'

const PEOPLE = [
  { name: 'Ann Lee', email: 'ann@users.internal', age: 20, metadata: { plan: 'pro' } },
  { name: 'bob', email: 'bob@example.com', is_active: false },
  { name: 'Bob', email: 'zoe@example.com', age: 20, roles: ['ADMIN', 'CLIENT'] },
  { name: 'C. (Dee)', email: 'dee@example.org', age: 41, roles: [] },
  { name: 'eve', email: 'eve@example.org', age: 60, roles: ['ADMIN'], first_name: 'Eve' },
]

describe.each([400, 422])('lists of users, with validation status %i', (invalid) => {
  let api: TestApi
  let people: Record<string, unknown>[]

  beforeAll(async () => {
    api = await startApi({ VALIDATION_STATUS: String(invalid) })
    people = []
    for (const person of PEOPLE) {
      people.push((await api.request.post('/users').send(person)).body.data)
      // One millisecond apart at least: the order of creation is the order of the list.
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  })
  afterAll(async () => api.stop())

  const list = (query: string) => api.request.get(`/api/v1/users?${query}`)
  const names = (answer: { body: { data: { name: string }[] } }) => answer.body.data.map(({ name }) => name)
  const problems = async (query: string) => {
    const { status, body } = await list(query)
    expect([status, body.data.code]).toEqual([invalid, 'VALIDATION_FAILED'])
    return body.data.errors.map(({ field, code }: { field: string; code: string }) => `${field}: ${code}`)
  }

  test('everybody, newest first', async () => {
    const answer = await api.request.get('/api/v1/users')
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ data: [...people].reverse(), message: 'Users listed', status_code: 200 })
    expect(answer.headers['x-total-count']).toBe('5')
    expect(answer.headers['x-next-cursor']).toBeUndefined()
    expect(answer.headers['link']).toBe('</api/v1/users?page=1>; rel="first", </api/v1/users?page=1>; rel="last"')
  })

  test.each<[string, string[]]>([
    ['name=BOB&sort=created_at', ['bob', 'Bob']],
    ['email=ANN@users.internal', ['Ann Lee']],
    ['role=ADMIN&sort=name', ['Bob', 'eve']],
    ['role=ADMIN&role=CLIENT&sort=created_at', ['Ann Lee', 'bob', 'Bob', 'eve']],
    ['role=NOPE', []],
    ['is_active=false', ['bob']],
    ['age=20&sort=name', ['Ann Lee', 'Bob']],
    ['age_gte=20&age_lte=41&sort=-age,name', ['C. (Dee)', 'Ann Lee', 'Bob']],
    ['age_lte=30&sort=name', ['Ann Lee', 'Bob']],
    ['q=OB&sort=created_at', ['bob', 'Bob']],
    ['q=(dee)', ['C. (Dee)']],
    ['q=.*', []],
    ['q=@EXAMPLE.org&sort=name', ['C. (Dee)', 'eve']],
    ['created_after=2000-01-01T00:00:00Z&created_before=2001-01-01T00:00:00Z', []],
    ['updated_after=2000-01-01T00:00:00Z&sort=email&page_size=2', ['Ann Lee', 'bob']],
    ['filter=name sw "b" and age pr', ['Bob']],
    ['filter=METADATA.plan EQ "pro"', ['Ann Lee']],
    ['filter=not (roles eq "CLIENT")&sort=name', ['C. (Dee)', 'eve']],
    ['filter=age ge 41&q=eve', ['eve']],
    ['sort=first_name,-name', ['C. (Dee)', 'Bob', 'bob', 'Ann Lee', 'eve']],
    ['sort=-email&page=2&page_size=3', ['bob', 'Ann Lee']],
  ])('%s', async (query, expected) => {
    const answer = await list(query.replaceAll(' ', '%20'))
    expect(answer.status).toBe(200)
    expect(names(answer)).toEqual(expected)
  })

  test('created_after is strict, created_before too', async () => {
    const { created_at } = people[2] as { created_at: string }
    expect(names(await list(`created_after=${created_at}&sort=created_at`))).toEqual(['C. (Dee)', 'eve'])
    expect(names(await list(`created_before=${created_at}&sort=created_at`))).toEqual(['Ann Lee', 'bob'])
  })

  test('only some fields', async () => {
    const { body } = await list('fields=email,id&sort=email&page_size=1')
    expect(body.data).toEqual([{ id: people[0]?.['id'], email: 'ann@users.internal' }])
  })

  test('pages, with links that lead on', async () => {
    const answer = await list('sort=email&page_size=2&page=2&q=e')
    expect(names(answer)).toEqual(['C. (Dee)', 'eve'])
    expect(answer.headers['x-total-count']).toBe('5')
    const path = '/api/v1/users?sort=email&page_size=2&q=e&page='
    expect(answer.headers['link']).toBe(
      `<${path}1>; rel="first", <${path}1>; rel="prev", <${path}3>; rel="next", <${path}3>; rel="last"`,
    )
    const beyond = await list('page=9')
    expect([beyond.status, beyond.body.data, beyond.headers['x-next-cursor']]).toEqual([200, [], undefined])
  })

  test('a walk by cursor shows everybody once, though others come and go', async () => {
    const first = await list('sort=name&page_size=2')
    expect(names(first)).toEqual(['Ann Lee', 'bob'])
    const added = [
      await api.request.post('/users').send({ name: 'Aaa', email: 'aaa@example.com' }),
      await api.request.post('/users').send({ name: 'Bobby', email: 'bobby@example.com' }),
    ]
    const seen = names(first)
    let cursor = first.headers['x-next-cursor']
    while (cursor !== undefined) {
      const answer = await list(`sort=name&page_size=2&cursor=${cursor}`)
      expect(answer.headers['x-total-count']).toBeUndefined()
      seen.push(...names(answer))
      cursor = answer.headers['x-next-cursor']
      if (cursor) expect(answer.headers['link']).toContain(`cursor=${cursor}>; rel="next"`)
      else expect(answer.headers['link']).toBe('</api/v1/users?sort=name&page_size=2&page=1>; rel="first"')
    }
    expect(seen).toEqual(['Ann Lee', 'bob', 'Bob', 'Bobby', 'C. (Dee)', 'eve'])
    for (const { body } of added) await api.request.delete(`/users/${body.data.id}`)
  })

  test('a cursor holds for its own sort and filter, whole', async () => {
    const cursor = (await list('sort=name&page_size=1&age=20')).headers['x-next-cursor']!
    expect((await list(`sort=name&age=20&page_size=3&cursor=${cursor}`)).status).toBe(200)
    const changed = cursor.slice(0, 20) + (cursor[20] === 'A' ? 'B' : 'A') + cursor.slice(21)
    for (const query of [`cursor=${cursor}`, `sort=-name&age=20&cursor=${cursor}`, `sort=name&cursor=${cursor}`]) {
      expect(await problems(query)).toEqual(['cursor: cursor.foreign'])
    }
    for (const text of [changed, 'x', '%20', 'W10', `${cursor}A`, cursor.slice(0, -1)]) {
      expect(await problems(`sort=name&age=20&cursor=${text}`)).toEqual(['cursor: cursor.foreign'])
    }
    expect(await problems(`sort=name&age=20&page=1&cursor=${cursor}`)).toEqual(['cursor: cursor.page'])
  })

  test.each([
    ['total=none', undefined],
    ['total=estimate', '5'],
    ['total=exact', '5'],
    ['total=estimate&age=20', '2'],
    ['age=20', '2'],
  ])('%s', async (query, total) => {
    expect((await list(query)).headers['x-total-count']).toBe(total)
  })

  test('a cursor comes with a total when it is asked for', async () => {
    const cursor = (await list('page_size=1')).headers['x-next-cursor']!
    expect((await list(`total=exact&cursor=${cursor}`)).headers['x-total-count']).toBe('5')
  })

  test('page numbers end at 10,000 items; the cursor goes on', async () => {
    expect(await problems('page=501')).toEqual(['page: page.depth'])
    expect((await list('page=500')).status).toBe(200)
    expect(await problems('page=102&page_size=99')).toEqual(['page: page.depth'])
  })

  test.each<[string, string[]]>([
    ['page=0', ['page: number.min']],
    ['page=1.5', ['page: number.integer']],
    ['page=x&page_size=101', ['page: number.base', 'page_size: number.max']],
    ['page_size=0', ['page_size: number.min']],
    ['page=1&page=2', ['page: number.base']],
    ['email[$ne]=x', ['email[$ne]: object.unknown']],
    ['foo=1&bar=2', ['foo: object.unknown', 'bar: object.unknown']],
    ['is_active=yes', ['is_active: boolean.base']],
    ['age=ten', ['age: number.base']],
    ['sort=password', ['sort: sort.syntax']],
    ['sort=name,-name', ['sort: sort.syntax']],
    ['sort=', ['sort: string.empty']],
    ['fields=id,password_hash', ['fields: fields.unknown']],
    ['total=some', ['total: any.only']],
    ['created_after=yesterday', ['created_after: string.isoDate']],
    ['created_after=2026-01-01', ['created_after: string.isoDate']],
    ['updated_before=2026-02-30T00:00:00Z', ['updated_before: string.isoDate']],
    ['filter=name', ['filter: filter.syntax']],
    ['filter=password_hash%20pr', ['filter: filter.syntax']],
    [`filter=${'x'.repeat(2_001)}`, ['filter: string.max']],
    ['__proto__=1', ['__proto__: object.unknown']],
  ])('V for %.40s', async (query, expected) => {
    expect(await problems(query)).toEqual(expected)
  })

  test('a mistake in a filter is told with its place', async () => {
    const { body } = await list('filter=name%20eq%20%22x%22%20and%20nope%20pr')
    expect(body.data.errors).toEqual([
      {
        field: 'filter',
        code: 'filter.syntax',
        message: 'filter names a field that cannot be filtered by at position 16',
      },
    ])
  })
})
