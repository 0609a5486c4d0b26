import { IncompleteListError, restUsersClient } from '../../../src/client/index'
import { runScenario } from '../../../src/client/scenario'
import { type PlainUsersServer, startPlainUsersServer } from '../../support/plain-users-server'

const PATH = '/v1/people'

let server: PlainUsersServer
afterEach(() => server.stop())

const scenario = (resourcePath = PATH) =>
  runScenario({ client: { baseUrl: server.url, retries: 0 }, plain: { resourcePath, answers: 'plain' }, users: 3 })

describe.each([
  ['with pages', true],
  ['that gives everything at once', false],
])('a service of another kind, %s', (_, paged) => {
  it('goes through what it has, is told what it lacks, and keeps those who were there', async () => {
    server = await startPlainUsersServer(PATH, paged)
    server.users.set('old', { id: 'old', name: 'Old', email: 'old@example.com' })
    const report = await scenario()

    expect(report.steps.filter((step) => 'error' in step)).toEqual([])
    expect(report).toMatchObject({ ok: true, cleanedUp: 0 })
    expect(report.steps.map(({ name, skipped }) => [name, skipped])).toEqual([
      ['create', undefined],
      ['refuse a second', 'such a service may take an e-mail address twice'],
      ['read', undefined],
      ['list', undefined],
      ['filter', 'such a service has filters of its own'],
      ['update', undefined],
      ['e-mail', 'such a service has no route for it'],
      ['roles', 'such a service has none'],
      ['delete', undefined],
      ['confirm', undefined],
      ['clean up', undefined],
    ])
    expect(new Set(server.asked.map((line) => line.split(' ')[0]))).toEqual(new Set(['POST', 'GET', 'PUT', 'DELETE']))
    expect([...server.users.keys()]).toEqual(['old'])
  })
})

it('takes away what it made when the service breaks a promise', async () => {
  server = await startPlainUsersServer(PATH)
  // Nothing that is written to a user after its creation is kept.
  const { users } = server
  const set = users.set.bind(users)
  users.set = (id, user) => (users.has(id) ? users : set(id, user))
  const { steps, ok, cleanedUp } = await runScenario({
    client: { baseUrl: server.url, retries: 0 },
    plain: { resourcePath: PATH },
    users: 3,
    confirm: { deadlineMs: 100 },
  })

  expect(ok).toBe(false)
  expect(steps.slice(-2)).toMatchObject([
    { name: 'update', error: { name: 'BrokenPromiseError' } },
    { name: 'clean up' },
  ])
  expect(cleanedUp).toBe(3)
  expect(users.size).toBe(0)
})

it('a path where nobody is, is an error of the first step', async () => {
  server = await startPlainUsersServer(PATH)
  const { steps, ok } = await scenario('/users')

  expect(ok).toBe(false)
  expect(steps[0]).toMatchObject({ name: 'create', error: { status: 404 } })
})

it('a list without pages that is as long as a page might have more, and is an error', async () => {
  server = await startPlainUsersServer(PATH, false)
  for (const id of ['1', '2', '3']) server.users.set(id, { id })
  const client = restUsersClient<{ id: string }>({ baseUrl: server.url, resourcePath: PATH })
  const walk = async (limit: number) => {
    const ids: string[] = []
    for await (const { id } of client.each({}, limit)) ids.push(id)
    return ids
  }

  expect(await walk(2)).toEqual(['1', '2', '3'])
  expect(await walk(4)).toEqual(['1', '2', '3'])
  await expect(walk(3)).rejects.toBeInstanceOf(IncompleteListError)
  await client.close()
})
