import { ANONYMOUS, type Caller, OPERATOR } from '../../../src/http/caller'
import { inMemoryServices } from '../../support/in-memory-users'
import { refused } from '../../support/refused'

const ADDRESS = '192.0.2.1'
const NOBODY = 'ffffffffffffffffffffffff'
const LATER = '2026-03-02T12:00:00.000Z'

let world: Awaited<ReturnType<typeof inMemoryServices>>
let made = 0
beforeEach(async () => {
  world = await inMemoryServices()
  await world.roles.create(OPERATOR, { name: 'READER', permissions: ['users:read'] })
  await world.roles.create(OPERATOR, { name: 'SUPPORT', permissions: ['users:read', 'users:write'] })
  await world.roles.create(OPERATOR, { name: 'DELETER', permissions: ['users:delete'] })
})

const newUser = async (...roles: string[]) =>
  world.users.create(OPERATOR, { name: 'Some One', email: `u${(made += 1)}@example.com`, roles, password: 'Old@12345' })
const sessionOf = (userId: string, ...permissions: string[]): Caller => ({
  kind: 'user',
  userId,
  sessionId: 's1',
  roles: [],
  permissions: new Set(permissions),
})
const support = () => sessionOf('aaaaaaaaaaaaaaaaaaaaaaaa', 'users:read', 'users:write')

const RANK = ['FORBIDDEN']

describe('the person itself', () => {
  test('changes its profile, and may send back all that it read', async () => {
    const user = await newUser('CLIENT', 'READER')
    const self = sessionOf(user.id, 'users:read')
    const roles = ['READER', 'CLIENT']
    const body = { ...user, metadata: { plan: 'pro' } }
    expect(await world.users.replace(self, user.id, body, undefined)).toMatchObject({ metadata: { plan: 'pro' } })
    expect(await world.users.patch(self, user.id, { name: 'New', roles }, undefined)).toMatchObject({ name: 'New' })
    expect(await world.users.patch(self, user.id, { age: 31 }, undefined)).toMatchObject({ age: 31 })
  })

  test('changes neither its roles nor is_active, unless it may change users', async () => {
    const user = await newUser('CLIENT')
    const body = { ...user, roles: ['ADMIN'], is_active: false, email: 'new@example.com' }
    expect(await refused(world.users.replace(sessionOf(user.id), user.id, body, undefined))).toEqual([
      'FORBIDDEN',
      'email: access.route',
      'is_active: access.permission',
      'roles: access.permission',
    ])
    const writer = sessionOf(user.id, 'users:write', 'users:read')
    expect(await world.users.patch(writer, user.id, { roles: ['READER'] }, undefined)).toMatchObject({
      roles: ['READER'],
    })
    expect(await world.users.patch(writer, user.id, { is_active: false }, undefined)).toMatchObject({
      is_active: false,
    })
  })

  test.each<[string, (id: string) => Caller]>([
    ['a client', (id) => sessionOf(id)],
    ['an administrator', (id) => ({ ...sessionOf(id), permissions: 'all' })],
    ['one of its keys', (id) => ({ ...sessionOf(id, 'users:write'), kind: 'api_key' })],
  ])('has routes of their own for e-mail and password: %s', async (_name, callerOf) => {
    const { id, version } = await newUser('CLIENT')
    const caller = callerOf(id)
    const wanted = ['FORBIDDEN', 'password: access.route']
    expect(await refused(world.users.patch(caller, id, { password: 'New@12345' }, undefined))).toEqual(wanted)
    const both = { email: 'x@example.com', password: 'New@12345' }
    expect(await refused(world.users.patch(caller, id, both, undefined))).toEqual([
      'FORBIDDEN',
      'email: access.route',
      'password: access.route',
    ])
    expect(await refused(world.users.changeEmail(caller, id, 'x@example.com', undefined))).toEqual(
      wanted.with(1, 'email: access.route'),
    )
    expect(await world.users.get(id)).toMatchObject({ version })
    expect(await world.dao.passwordHash(id)).toBe('hash of Old@12345')
  })

  test('does not get back a role whose grant has ended by sending what it read before', async () => {
    const user = await newUser('CLIENT')
    await world.userRoles.add(OPERATOR, user.id, { roles: ['ADMIN'], expires_at: new Date(LATER) })
    const read = await world.users.get(user.id)
    world.setTime(LATER)
    const { version: _, updated_at: __, ...body } = read
    expect(await refused(world.users.replace(sessionOf(user.id), user.id, body, undefined))).toEqual([
      'FORBIDDEN',
      'roles: access.permission',
    ])
  })

  test("the operator's session changes all of itself", async () => {
    const { id } = await newUser('CLIENT')
    const caller: Caller = { ...OPERATOR, userId: id, sessionId: 's1' }
    const body = { email: 'moved@example.com', password: 'New@12345', roles: ['ADMIN'] }
    expect(await world.users.patch(caller, id, body, undefined)).toMatchObject({ email: 'moved@example.com' })
    expect(await world.dao.passwordHash(id)).toBe('hash of New@12345')
  })
})

describe('nobody gives away what it lacks', () => {
  test('in a new user', async () => {
    const body = { name: 'X', email: 'x@example.com' }
    expect(await refused(world.users.create(support(), { ...body, roles: ['CLIENT', 'ADMIN', 'DELETER'] }))).toEqual([
      'FORBIDDEN',
      'roles.1: access.escalation',
      'roles.2: access.escalation',
    ])
    expect(await world.users.create(support(), { ...body, roles: ['READER'] })).toMatchObject({ roles: ['READER'] })
    expect(await world.users.create(support(), { ...body, email: 'y@example.com', roles: [] })).toMatchObject({
      roles: [],
    })
  })

  test('by the role that new users have when nothing is said', async () => {
    await world.roles.patch(OPERATOR, 'CLIENT', { permissions: ['audit:read'] }, undefined)
    const work = world.users.create(support(), { name: 'X', email: 'x@example.com' })
    expect(await refused(work)).toEqual(['FORBIDDEN', 'roles.0: access.escalation'])
  })

  test('in PUT, PATCH and the grants', async () => {
    const { id } = await newUser('READER')
    const wanted = ['FORBIDDEN', 'roles.1: access.escalation']
    const roles = ['READER', 'DELETER']
    expect(await refused(world.users.patch(support(), id, { roles }, undefined))).toEqual(wanted)
    const body = { name: 'X', email: (await world.users.get(id)).email, roles }
    expect(await refused(world.users.replace(support(), id, body, undefined))).toEqual(wanted)
    expect(await refused(world.userRoles.add(support(), id, { roles }))).toEqual(wanted)
    expect(await refused(world.userRoles.replace(support(), id, { roles }, undefined))).toEqual(wanted)
    expect(await refused(world.userRoles.add(support(), id, { roles: ['ADMIN'] }))).toEqual([
      'FORBIDDEN',
      'roles.0: access.escalation',
    ])
    expect(await world.users.patch(support(), id, { roles: ['SUPPORT'] }, undefined)).toMatchObject({
      roles: ['SUPPORT'],
    })
    expect((await world.userRoles.add(support(), id, { roles: ['CLIENT'] })).grants).toHaveLength(2)
    expect((await world.userRoles.add(support(), id, { roles: ['CLIENT'] })).grants).toHaveLength(2)
    const unknown = await refused(world.userRoles.add(support(), id, { roles: ['NOPE'] }))
    expect(unknown).toEqual(['VALIDATION_FAILED', 'roles.0: roles.unknown'])
  })

  test('nor renews a grant that has ended', async () => {
    const { id } = await newUser()
    await world.userRoles.add(OPERATOR, id, { roles: ['DELETER'], expires_at: new Date(LATER) })
    world.setTime(LATER)
    expect(await refused(world.userRoles.add(support(), id, { roles: ['DELETER'] }))).toEqual([
      'FORBIDDEN',
      'roles.0: access.escalation',
    ])
  })
})

describe('who may do more is out of reach', () => {
  test.each<[string, (id: string) => Promise<unknown>]>([
    ['its e-mail', (id) => world.users.changeEmail(support(), id, 'x@example.com', undefined)],
    ['its e-mail in PATCH', (id) => world.users.patch(support(), id, { email: 'x@example.com' }, undefined)],
    ['its password', (id) => world.passwords.set(support(), id, { password: 'New@12345' }, undefined, ADDRESS)],
    ['its password in PATCH', (id) => world.users.patch(support(), id, { password: 'New@12345' }, undefined)],
    ['its state', (id) => world.users.patch(support(), id, { is_active: false }, undefined)],
    ['its roles in PATCH', (id) => world.users.patch(support(), id, { roles: [] }, undefined)],
    ['its grants', (id) => world.userRoles.replace(support(), id, { roles: [] }, undefined)],
    ['one of its roles', (id) => world.userRoles.remove(support(), id, 'READER', undefined)],
    ['itself', (id) => world.users.remove(support(), id, undefined)],
    ['whatever asks first', (id) => world.authority.requireOver(support(), id)],
  ])('%s', async (_name, change) => {
    for (const role of ['DELETER', 'ADMIN']) {
      const user = await newUser('READER', role)
      expect(await refused(change(user.id))).toEqual(RANK)
      expect(await world.users.get(user.id)).toEqual(user)
      expect(await world.dao.passwordHash(user.id)).toBe('hash of Old@12345')
    }
    await newUser('ADMIN')
    await expect(change((await newUser('READER', 'SUPPORT')).id)).resolves.not.toThrow()
  })

  test('its profile is not: nobody comes in by a name', async () => {
    const { id } = await newUser('ADMIN')
    expect(await world.users.patch(support(), id, { name: 'New', metadata: { a: 1 } }, undefined)).toMatchObject({
      name: 'New',
    })
  })

  test('also when it is deleted', async () => {
    await newUser('ADMIN')
    const { id } = await newUser('ADMIN')
    await world.users.remove(OPERATOR, id, undefined)
    expect(await refused(world.users.restore(support(), id))).toEqual(RANK)
    expect(await refused(world.authority.requireOver(support(), id))).toEqual(RANK)
    await world.users.restore(OPERATOR, id)
  })

  test('decided on the very state that is changed', async () => {
    const { id } = await newUser('CLIENT')
    const find = world.dao.find.bind(world.dao)
    let reads = 0
    // Between the first look and the write somebody makes the user an administrator.
    world.dao.find = async (asked) => {
      const found = await find(asked)
      if ((reads += 1) === 1) await world.userRoles.add(OPERATOR, id, { roles: ['ADMIN'] })
      return found
    }
    expect(await refused(world.users.patch(support(), id, { is_active: false }, undefined))).toEqual(RANK)
    expect(await find(id)).toMatchObject({ is_active: true })
  })

  test('the person itself has authority over itself, and nobody has nothing to protect', async () => {
    const { id } = await newUser('DELETER')
    await world.authority.requireOver(sessionOf(id), id)
    await world.authority.requireOver(support(), NOBODY)
    await world.authority.requireOver(OPERATOR, id)
  })

  test('what a role carries', async () => {
    expect(await world.authority.permissionsOf(['READER', 'DELETER', 'NOPE'])).toEqual(
      new Set(['users:read', 'users:delete']),
    )
    expect(await world.authority.permissionsOf(['ADMIN', 'READER'])).toBe('all')
    expect(await world.authority.permissionsOf([])).toEqual(new Set())
  })

  test('whoever may do everything is not looked up', async () => {
    const { id } = await newUser('ADMIN')
    await newUser('ADMIN')
    const permissionsOf = jest.spyOn(world.roleDao, 'permissionsOf')
    const admin: Caller = { ...sessionOf('bbbbbbbbbbbbbbbbbbbbbbbb'), permissions: 'all' }
    await world.users.patch(admin, id, { email: 'x@example.com', roles: ['READER'] }, undefined)
    await world.userRoles.replace(admin, id, { roles: ['DELETER'] }, undefined)
    await world.users.remove(admin, id, undefined)
    expect(permissionsOf).not.toHaveBeenCalled()
  })
})

describe("one's own password", () => {
  const change = (caller: Caller, id: string, body: { password: string; current_password?: string }) =>
    world.passwords.set(caller, id, body, undefined, ADDRESS)

  test('needs the current one, counts as an attempt, and keeps this session alone', async () => {
    const { id, email } = await newUser('CLIENT')
    const self = sessionOf(id)
    expect(await refused(change(self, id, { password: 'New@12345' }))).toEqual([
      'VALIDATION_FAILED',
      'current_password: any.required',
    ])
    expect(world.told).toEqual([])
    expect(await refused(change(self, id, { password: 'New@12345', current_password: 'Wrong@1234' }))).toEqual(RANK)
    expect(world.told.splice(0)).toEqual([`attempt ${email} ${ADDRESS}`, 'failed'])
    await change(self, id, { password: 'New@12345', current_password: 'Old@12345' })
    expect(world.told).toEqual([`attempt ${email} ${ADDRESS}`, 'abandoned', 'renew s1', `changed ${email}`])
    expect(await world.dao.passwordHash(id)).toBe('hash of New@12345')
  })

  test('a check that could not be made is no failure', async () => {
    const { id, email } = await newUser('CLIENT')
    const busy = new Error('busy')
    world.passwordDeps.verifier.verify = async () => Promise.reject(busy)
    const body = { password: 'New@12345', current_password: 'Old@12345' }
    await expect(change(sessionOf(id), id, body)).rejects.toBe(busy)
    expect(world.told).toEqual([`attempt ${email} ${ADDRESS}`, 'abandoned'])
  })

  test('a key does not set that of its maker; of somebody else no session is kept', async () => {
    const { id, email } = await newUser('CLIENT')
    const key: Caller = { ...sessionOf(id, 'users:write', 'users:read'), kind: 'api_key' }
    const body = { password: 'New@12345', current_password: 'Old@12345' }
    expect(await refused(change(key, id, body))).toEqual(['FORBIDDEN', 'password: access.route'])
    await change(support(), id, { password: 'New@12345' })
    expect(world.told).toEqual([`changed ${email}`])
  })

  test('nobody is nobody', async () => {
    expect(await refused(change(ANONYMOUS, NOBODY, { password: 'New@12345' }))).toEqual(['USER_NOT_FOUND'])
  })
})
