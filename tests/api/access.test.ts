import { randomBytes, randomInt } from 'node:crypto'
import { PERMISSIONS } from '../../src/http/access'
import { type AccessRow, readAccessTable, type Verdict } from '../support/access-table'
import { startApi, type TestApi } from '../support/api'
import { routesOf } from '../support/app-routes'

const OPERATOR_KEY = 'an-operator-key-of-some-forty-characters'
const PASSWORD = 'Password@123'
const BASES = ['users', 'roles', 'auth', 'authz']
/** Where a call is let in and then finds nothing, it was let in; these say that there was nobody to find. */
const HIDDEN = ['USER_NOT_FOUND', 'ROUTE_NOT_FOUND']
/** About users that are deleted already. */
const OF_THE_DELETED = ['POST /users/{id}/restore', 'POST /users/{id}/purge']
const OTHER_PERMISSIONS = (permission: string) => PERMISSIONS.filter((other) => other !== permission)

interface Actor {
  readonly id: string
  readonly token: string | undefined
  readonly sessionId?: string
}

const table = readAccessTable()
let api: TestApi
let made = 0

beforeAll(async () => {
  api = await startApi({
    AUTH_MODE: 'required',
    BOOTSTRAP_API_KEY: OPERATOR_KEY,
    ALLOW_REGISTRATION: 'true',
    TRUST_PROXY: 'loopback',
  })
  await Promise.all(
    PERMISSIONS.flatMap((permission) => [
      operator('post', '/roles', { name: roleWith(permission), permissions: [permission] }),
      operator('post', '/roles', { name: roleWithout(permission), permissions: OTHER_PERMISSIONS(permission) }),
    ]),
  )
})
afterAll(async () => api.stop())

const roleWith = (permission: string) => `WITH_${permission.replace(':', '_').toUpperCase()}`
const roleWithout = (permission: string) => `WITHOUT_${permission.replace(':', '_').toUpperCase()}`

/** Each call from an address of its own, so that no limit of an address is met. Pages are asked for directly. */
async function call(method: string, path: string, token: string | undefined, body?: object) {
  const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'
  let sent = api.request[verb](path)
  if (!path.startsWith('/dev/'))
    sent = sent.set('X-Forwarded-For', `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`)
  if (token !== undefined) sent = sent.set('Authorization', `Bearer ${token}`)
  return body === undefined ? sent : sent.send(body)
}

async function operator(method: string, path: string, body?: object) {
  const answer = await call(method, path, OPERATOR_KEY, body)
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.body.data
}

async function newUser(roles: readonly string[] = ['CLIENT']): Promise<string> {
  const email = `u${(made += 1)}@example.com`
  return (await operator('post', '/users', { name: 'Some One', email, password: PASSWORD, roles })).id
}

async function person(...roles: string[]): Promise<Actor> {
  const id = await newUser(roles)
  const { email } = await operator('get', `/users/${id}`)
  const { status, body } = await call('post', '/auth/login', undefined, { email, password: PASSWORD })
  expect(status).toBe(200)
  return { id, token: body.data.access_token, sessionId: body.data.session_id }
}

/** A key of an administrator, with these scopes. */
async function keyWith(permissions: readonly string[]): Promise<Actor & { readonly keyId: string }> {
  const maker = await person('ADMIN')
  const { status, body } = await call('post', '/auth/api-keys', maker.token, { name: 'Key', permissions })
  expect(status).toBe(201)
  return { id: maker.id, token: body.data.key, keyId: body.data.id }
}

async function storedKeyOf(userId: string): Promise<string> {
  const id = randomBytes(6).toString('hex')
  const empty = {
    permissions: [],
    hash: 'none',
    expires_at: null,
    last_used_at: null,
    revoked_at: null,
    purge_at: null,
  }
  const key = { _id: id as never, user_id: userId, name: 'Stored', created_at: new Date(), ...empty }
  await api.connection.collection('api_keys').insertOne(key)
  return id
}

/** The path about this user, or about something of its own. */
async function pathFor(row: AccessRow, subject: Actor): Promise<string> {
  const [, place] = row.path.split('/')
  let id = subject.id
  if (place === 'auth')
    id = row.path.includes('api-keys') ? await storedKeyOf(subject.id) : (subject.sessionId ?? 'none')
  if (row.path.includes('{name}')) {
    await operator('post', '/roles', { name: `ROLE_${(made += 1)}` })
  }
  return row.path.replace('{id}', id).replace('{role}', 'CLIENT').replace('{name}', `ROLE_${made}`)
}

async function target(row: AccessRow): Promise<Actor> {
  const id = await newUser()
  if (OF_THE_DELETED.includes(`${row.method} ${row.path}`)) await operator('delete', `/users/${id}`)
  return { id, token: undefined }
}

interface Explained {
  readonly allowed: boolean
  readonly status: number | null
}

async function explained(token: string, method: string, path: string, more: object = {}): Promise<Explained> {
  const { status, body } = await call('post', '/authz/explain', token, { method, path, ...more })
  expect([status, body.message]).toEqual([200, 'Access explained'])
  return body.data
}

const asExplained = (expected: Verdict) => ({ allowed: expected === undefined, status: expected ?? null })

/** The call is answered as the table says, and was explained so before: to the caller, and to somebody who asks about it. */
async function expectVerdict(row: AccessRow, actor: Actor, subject: Actor, expected: Verdict, about: object = {}) {
  const path = await pathFor(row, subject)
  if (actor.token !== undefined) {
    const answers = [
      await explained(actor.token, row.method, path),
      await explained(OPERATOR_KEY, row.method, path, about),
    ]
    // What is found behind the door is not the door's: somebody else's session, for people, is simply not there.
    const door = row.path.startsWith('/auth/') && expected === 404 ? undefined : expected
    for (const answer of answers) expect(answer).toMatchObject(asExplained(door))
  }
  const { status, body } = await call(row.method, path, actor.token, hasBody(row) ? {} : undefined)
  if (expected !== undefined) {
    expect([status, body.data.code]).toEqual([expected, expect.any(String)])
    return
  }
  const who = `${row.method} ${path}: ${status} ${JSON.stringify(body).slice(0, 200)}`
  if ([401, 403].includes(status) || HIDDEN.includes(body?.data?.code)) throw new Error(`Refused: ${who}`)
  if (status >= 500 || status === 405) throw new Error(`Broken: ${who}`)
}

const hasBody = ({ method }: AccessRow) => ['POST', 'PUT', 'PATCH'].includes(method)
const isAboutUser = ({ path }: AccessRow) => path.startsWith('/users/{id}')

test('every route of the app stands in the table, and no other', () => {
  const found = routesOf(api.app)

  expect(found.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
    table.map(({ method, path }) => `${method} ${path}`).toSorted(),
  )
  for (const { path, prefixes } of found) {
    const [, base = ''] = path.split('/')
    const places = BASES.includes(base) ? [`/api/v1/${base}`, `/${base}`] : ['']
    expect([path, ...prefixes]).toEqual([path, ...places, ...(base === 'users' ? ['/user'] : [])])
  }
})

test('the table says what the OpenAPI document says', async () => {
  const { body } = await call('get', '/openapi.json', undefined)
  for (const row of table) {
    const { [`/api/v1${row.path}`]: versioned, [row.path]: atRoot } = body.paths
    const operation = (versioned ?? atRoot)?.[row.method.toLowerCase()]
    if (!operation) continue
    const shown = [operation['x-permission'], operation['x-step-up'] ?? false, operation.security.length > 0]
    expect([row.path, ...shown]).toEqual([row.path, row.custom.permission, row.stepUp, row.anonymous === 401])
    expect([row.path, /may do more than the caller/.test(operation.description)]).toEqual([row.path, row.rank])
  }
})

describe.each(table.map((row) => [`${row.method} ${row.path}`, row] as const))('%s', (_name, row) => {
  test('anonymous', async () => {
    await expectVerdict(row, { id: 'nobody', token: undefined }, await target(row), row.anonymous)
  })

  test('CLIENT, about itself and others', async () => {
    const client = await person('CLIENT')
    if (row.other !== 'none') {
      const other = isAboutUser(row) ? await target(row) : await person('CLIENT')
      await expectVerdict(row, client, other, row.other, { user_id: client.id })
    }
    await expectVerdict(row, client, client, row.self, { user_id: client.id })
  })

  test('custom role', async () => {
    const { permission, otherwise } = row.custom
    const roles = permission === undefined ? ['CLIENT'] : [roleWithout(permission), roleWith(permission)]
    const [without = 'CLIENT', having] = roles
    const outsider = await person(without)
    const subject = isAboutUser(row) ? await target(row) : outsider
    await expectVerdict(row, outsider, subject, otherwise, { user_id: outsider.id })
    if (having === undefined) return
    const holder = await person(having)
    await expectVerdict(row, holder, await target(row), undefined, { user_id: holder.id })
    const boss = await person('ADMIN')
    if (!row.rank) return
    await expectVerdict(row, holder, boss, 403, { user_id: holder.id })
  })

  test('API key', async () => {
    const { permission, otherwise } = row.key
    const scopes = permission === undefined ? ['users:read'] : OTHER_PERMISSIONS(permission)
    const key = await keyWith(scopes)
    await expectVerdict(row, key, isAboutUser(row) ? await target(row) : key, otherwise, { api_key_id: key.keyId })
    if (permission === undefined) return
    const fit = await keyWith([permission])
    await expectVerdict(row, fit, await target(row), undefined, { api_key_id: fit.keyId })
  })

  test('ADMIN', async () => {
    const admin = await person('ADMIN')
    const subject = isAboutUser(row) ? await target(row) : admin
    await expectVerdict(row, admin, subject, row.admin, { user_id: admin.id })
  })
})
