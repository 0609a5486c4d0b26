import { makeApiKey } from '../../../src/api-keys/api-key-format'
import { API_KEYS_PER_PERSON_MAX, ApiKeyService } from '../../../src/api-keys/api-key.service'
import type { People, Person } from '../../../src/auth/person'
import { InMemoryApiKeyDao } from '../../support/in-memory-api-key-dao'
import { refused } from '../../support/refused'

const CREATED = '2026-03-01T12:00:00.000Z'
const MINUTE_MS = 60_000
const MONTH_MS = 30 * 24 * 60 * MINUTE_MS

const person = (change: Partial<Person> = {}): Person => ({
  id: 'u1',
  email: 'u1@example.com',
  isActive: true,
  sessionsNotBefore: 0,
  roles: ['SUPPORT'],
  permissions: new Set(['users:read', 'users:write']),
  ...change,
})

let dao: InMemoryApiKeyDao
let people: Map<string, Person>
let fresh: boolean
let now: number
let keys: ApiKeyService

beforeEach(() => {
  dao = new InMemoryApiKeyDao()
  people = new Map([['u1', person()]])
  fresh = true
  now = Date.parse(CREATED)
  const directory: People = { known: (id) => (fresh ? people.get(id) : undefined), find: async (id) => people.get(id) }
  keys = new ApiKeyService({
    dao,
    people: directory,
    freshness: { isFresh: () => fresh },
    clock: () => new Date(now),
  })
})

const make = async (permissions = ['users:read'], expires_at?: Date | null) =>
  keys.create('u1', { name: 'Nightly', permissions, ...(expires_at === undefined ? {} : { expires_at }) })

describe('making', () => {
  test('shows the key once, and keeps its hash', async () => {
    const { key, ...view } = await make()
    expect(view).toEqual({
      id: expect.stringMatching(/^[0-9A-Za-z]{12}$/),
      name: 'Nightly',
      prefix: `rck_${view.id}`,
      permissions: ['users:read'],
      created_at: CREATED,
      expires_at: null,
      last_used_at: null,
    })
    expect(await keys.listFor('u1')).toEqual([view])
    expect(await keys.exportFor('u1')).toEqual([{ ...view, revoked_at: null }])
    expect(JSON.stringify([...dao.keys.values()])).not.toContain(key.split('_')[2])
  })

  test('takes only what the person has now', async () => {
    expect(await refused(make(['users:read', 'users:delete', 'own:thing']))).toEqual([
      'FORBIDDEN',
      'permissions.1: access.escalation',
      'permissions.2: access.escalation',
    ])
    people.set('u1', person({ permissions: 'all' }))
    expect(await make(['users:delete', 'own:thing'])).toMatchObject({ permissions: ['users:delete', 'own:thing'] })
  })

  test('ends in the future, and is forgotten some time after', async () => {
    expect(await refused(make(['users:read'], new Date(now)))).toEqual(['VALIDATION_FAILED', 'expires_at: date.past'])
    const { id, expires_at } = await make(['users:read'], new Date(now + 1))
    expect(expires_at).toBe('2026-03-01T12:00:00.001Z')
    expect(dao.purgeDates.get(id)).toEqual(new Date(now + 1 + MONTH_MS))
    expect(dao.purgeDates.get((await make(['users:read'], null)).id)).toBeNull()
  })

  test('is for people who are there, and bounded', async () => {
    people.set('u1', person({ isActive: false }))
    expect(await refused(make())).toEqual(['UNAUTHENTICATED'])
    people.clear()
    expect(await refused(make())).toEqual(['UNAUTHENTICATED'])
    people.set('u1', person())
    const made = []
    for (let n = 0; n < API_KEYS_PER_PERSON_MAX; n += 1) made.push(await make())
    expect(await refused(make())).toEqual(['API_KEY_LIMIT'])
    await keys.revoke('u1', made[0]!.id)
    await make()
  })
})

describe('calling', () => {
  test('a key may do what it was made for, and of that what its maker may do now', async () => {
    const { key, id } = await make(['users:read', 'users:write'])
    const caller = await keys.identify(key)
    expect(caller).toEqual({
      kind: 'api_key',
      userId: 'u1',
      keyId: id,
      roles: ['SUPPORT'],
      permissions: new Set(['users:read', 'users:write']),
    })
    expect(await keys.callerOf(id)).toEqual(caller)
    people.set('u1', person({ permissions: new Set(['users:write', 'users:delete']) }))
    expect(await keys.identify(key)).toMatchObject({ permissions: new Set(['users:write']) })
    people.set('u1', person({ permissions: 'all' }))
    expect(await keys.identify(key)).toMatchObject({ permissions: new Set(['users:read', 'users:write']) })
  })

  test('at once where everything is in memory, and by the store where that may not be believed', async () => {
    const { key } = await make()
    const first = keys.identify(key)
    expect(first).toBeInstanceOf(Promise)
    const caller = await first
    const find = jest.spyOn(dao, 'find')
    expect(keys.identify(key)).toBe(caller)
    expect(find).not.toHaveBeenCalled()
    fresh = false
    expect(await keys.identify(key)).toEqual(caller)
    expect(find).toHaveBeenCalledTimes(1)
  })

  test('a person who is not in memory is looked up', async () => {
    const { key } = await make()
    await keys.identify(key)
    const kept = people.get('u1')!
    people.delete('u1')
    const pending = keys.identify(key)
    expect(await pending).toBeUndefined()
    people.set('u1', kept)
    expect(keys.identify(key)).toMatchObject({ userId: 'u1' })
  })

  test('what is no key, or not this one, is nobody', async () => {
    const { key, id } = await make()
    const forged = (await make()).key.replace(/^rck_[^_]+/, `rck_${id}`)
    for (const text of ['', 'rck_x', forged, key.slice(0, -1)]) expect(keys.identify(text)).toBeUndefined()
    expect(await keys.identify(makeApiKey().key)).toBeUndefined()
    const stolen = dao.keys.get(id)!
    dao.keys.set(id, { ...stolen, hash: dao.keys.get((await make()).id)!.hash })
    expect(await keys.identify(key)).toBeUndefined()
  })

  test('ended, disabled or gone: nobody', async () => {
    const { key, id } = await make(['users:read'], new Date(now + MINUTE_MS))
    expect(await keys.identify(key)).toBeDefined()
    now += MINUTE_MS
    expect(keys.identify(key)).toBeUndefined()
    now -= 1
    people.set('u1', person({ isActive: false }))
    expect(keys.identify(key)).toBeUndefined()
    expect(await keys.callerOf(id)).toBeUndefined()
    people.delete('u1')
    expect(await keys.identify(key)).toBeUndefined()
    expect(await keys.callerOf(id)).toBeUndefined()
  })

  test('its use is noted once a minute, and a failure to note it is none of the call', async () => {
    const { key, id } = await make()
    const noteUse = jest.spyOn(dao, 'noteUse')
    await keys.identify(key)
    now += MINUTE_MS - 1
    await keys.identify(key)
    expect(noteUse).toHaveBeenCalledTimes(1)
    expect(await keys.listFor('u1')).toMatchObject([{ id, last_used_at: CREATED }])
    now += 1
    noteUse.mockRejectedValueOnce(new Error('the store is gone'))
    expect(await keys.identify(key)).toBeDefined()
    expect(noteUse).toHaveBeenCalledTimes(2)
    fresh = false
    await keys.identify(key)
    expect(dao.keys.get(id)?.last_used_at).toEqual(new Date(now))
  })
})

describe('revoking', () => {
  test('acts at once here, and is told to others', async () => {
    const { key, id } = await make()
    await keys.identify(key)
    expect(await keys.ownerOf(id)).toBe('u1')
    expect(await refused(keys.revoke('u2', id))).toEqual(['API_KEY_NOT_FOUND'])
    expect(keys.identify(key)).toBeDefined()
    await keys.revoke('u1', id)
    expect(await keys.identify(key)).toBeUndefined()
    expect(await keys.ownerOf(id)).toBeUndefined()
    expect(await keys.listFor('u1')).toEqual([])
    expect(await keys.exportFor('u1')).toMatchObject([{ id, revoked_at: CREATED }])
    expect(await refused(keys.revoke('u1', id))).toEqual(['API_KEY_NOT_FOUND'])
    expect(await keys.changedSince(new Date(now))).toEqual([id])
    expect(await keys.changedSince(new Date(now + 1))).toEqual([])
    expect(dao.purgeDates.get(id)).toEqual(new Date(now + MONTH_MS))
  })

  test('what another process revoked is forgotten when that is told', async () => {
    const { key, id } = await make()
    await keys.identify(key)
    await dao.revoke(id, 'u1', new Date(now), new Date(now))
    expect(keys.identify(key)).toBeDefined()
    keys.drop(await keys.changedSince(new Date(now)))
    expect(await keys.identify(key)).toBeUndefined()
  })

  test('too many to tell are all', async () => {
    dao.revokedSince = async (_since, limit) => Array.from({ length: limit }, String)
    expect(await keys.changedSince(new Date(now))).toBe('all')
  })

  test('all that is held of a person goes', async () => {
    await make()
    await make()
    expect(await keys.removeAllOf('u1')).toBe(2)
    expect(await keys.exportFor('u1')).toEqual([])
  })
})
