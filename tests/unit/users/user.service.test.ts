import { AppError, type ErrorCode } from '../../../src/errors'
import { compare } from '../../../src/filter/filter'
import { OPERATOR } from '../../../src/http/caller'
import { inMemoryServices } from '../../support/in-memory-users'

type World = Awaited<ReturnType<typeof inMemoryServices>>

const ADDRESS = '192.0.2.1'
const NOBODY = 'ffffffffffffffffffffffff'
const CREATED = '2026-03-01T12:00:00.000Z'
const LATER = '2026-03-02T12:00:00.000Z'

let world: World
beforeEach(async () => {
  world = await inMemoryServices()
})

async function failure(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  expect((await failure(work)).code).toBe(code)
}

async function fieldsOf(work: Promise<unknown>): Promise<string[]> {
  const error = await failure(work)
  expect(error.code).toBe('VALIDATION_FAILED')
  return error.errors.map(({ field, code }) => `${field}: ${code}`)
}

const john = { name: 'John Doe', email: 'john@example.com' }

describe('creating', () => {
  test('fills in what is not given', async () => {
    const user = await world.users.create(OPERATOR, john)
    expect(user).toEqual({
      id: expect.any(String),
      name: 'John Doe',
      first_name: null,
      last_name: null,
      email: 'john@example.com',
      email_verified: false,
      has_password: false,
      age: null,
      is_active: true,
      roles: ['CLIENT'],
      metadata: {},
      created_at: CREATED,
      updated_at: CREATED,
      version: 1,
    })
    expect(await world.users.get(user.id)).toEqual(user)
    expect(await world.dao.passwordHash(user.id)).toBeNull()
  })

  test('keeps the hash of a password and never shows it', async () => {
    const user = await world.users.create(OPERATOR, { ...john, password: 'Password@123' })
    expect(user.has_password).toBe(true)
    expect(JSON.stringify(user)).not.toContain('Password@123')
    expect(await world.dao.passwordHash(user.id)).toBe('hash of Password@123')
  })

  test('makes a name of its parts', async () => {
    const user = await world.users.create(OPERATOR, { first_name: 'Ann', last_name: 'Lee', email: 'ann@example.com' })
    expect(user.name).toBe('Ann Lee')
  })

  test('lists what only all parts together show', async () => {
    const long = 'x'.repeat(60)
    const body = {
      first_name: long,
      last_name: long,
      email: 'x@example.com',
      roles: ['CLIENT', 'NOPE'],
      metadata: { $a: 1 },
    }
    expect(await fieldsOf(world.users.create(OPERATOR, body))).toEqual([
      'name: string.max',
      'metadata: metadata.key',
      'roles.1: roles.unknown',
    ])
    expect(await fieldsOf(world.users.create(OPERATOR, { email: 'x@example.com', first_name: 'X' }))).toEqual([
      'name: any.required',
    ])
    expect(world.dao.all()).toEqual([])
  })

  test('takes back a role that went while it was granted', async () => {
    await world.roles.create(OPERATOR, { name: 'EDITOR' })
    const insert = world.dao.insert.bind(world.dao)
    world.dao.insert = async (user, hash) => {
      const inserted = await insert(user, hash)
      await world.roles.remove(OPERATOR, 'EDITOR', true, undefined)
      await world.dao.replace({ ...inserted, version: 9 }, inserted.version + 2)
      return inserted
    }
    const work = world.users.create(OPERATOR, { ...john, roles: ['EDITOR', 'CLIENT'] })
    expect(await fieldsOf(work)).toEqual(['roles.0: roles.unknown'])
    expect(world.dao.all().map(({ grants }) => grants.map(({ role }) => role))).toEqual([['CLIENT']])
  })
})

describe('reading', () => {
  test('a missing user is USER_NOT_FOUND', async () => {
    await expectCode(world.users.get(NOBODY), 'USER_NOT_FOUND')
    await expectCode(world.userRoles.list(NOBODY), 'USER_NOT_FOUND')
  })

  test('a grant that ends by itself changes what is shown, and the version', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    await world.userRoles.add(OPERATOR, id, { roles: ['ADMIN'], expires_at: new Date(LATER) })
    expect(await world.users.get(id)).toMatchObject({ roles: ['CLIENT', 'ADMIN'], version: 2 })
    world.setTime(LATER)
    expect(await world.users.get(id)).toMatchObject({ roles: ['CLIENT'], version: 3 })
    expect(await world.users.patch(OPERATOR, id, { age: 5 }, [3])).toMatchObject({ roles: ['CLIENT'], version: 4 })
    expect(await world.users.get(id)).toMatchObject({ age: 5, version: 4 })
    expect(world.dao.all()[0]?.grants).toHaveLength(1)
  })

  test('a list has a total, unless it is not wanted, and a position while more remain', async () => {
    for (const at of [1, 2, 3])
      await world.users.create(OPERATOR, { name: `U${at}`, email: `u${at}@example.com`, age: at })
    const sort = [{ field: 'age', descending: false }]
    const paging = { skip: 0, limit: 2, after: undefined, total: 'exact' as const }
    const first = await world.users.list(undefined, sort, paging)
    expect(first.users.map(({ name }) => name)).toEqual(['U1', 'U2'])
    expect(first).toMatchObject({ total: 3, next: { values: [2], id: first.users[1]?.id } })
    const second = await world.users.list(undefined, sort, { ...paging, after: first.next, total: 'none' })
    expect(second).toMatchObject({ users: [{ name: 'U3' }], next: undefined, total: undefined })
    const none = await world.users.list(compare('age', 'gt', 7), sort, { ...paging, total: 'estimate' })
    expect(none).toEqual({ users: [], next: undefined, total: 0 })
  })
})

describe('replacing', () => {
  test('what is not given goes back to its default; password, roles and is_active stay', async () => {
    const { id } = await world.users.create(OPERATOR, {
      ...john,
      first_name: 'John',
      last_name: 'Doe',
      age: 30,
      is_active: false,
      roles: [],
      metadata: { a: 1 },
      password: 'Password@123',
    })
    world.setTime(LATER)
    const user = await world.users.replace(OPERATOR, id, { name: 'Jane', email: 'jane@example.com' }, undefined)
    expect(user).toMatchObject({
      name: 'Jane',
      first_name: null,
      last_name: null,
      email: 'jane@example.com',
      age: null,
      is_active: false,
      roles: [],
      metadata: {},
      has_password: true,
      created_at: CREATED,
      updated_at: LATER,
      version: 2,
    })
    expect(await world.dao.passwordHash(id)).toBe('hash of Password@123')
  })

  test('what was read can be sent back, and then nothing changes', async () => {
    const user = await world.users.create(OPERATOR, {
      first_name: 'Ann',
      last_name: 'Lee',
      email: 'ann@example.com',
      age: 3,
    })
    world.setTime(LATER)
    expect(await world.users.replace(OPERATOR, user.id, { ...user }, undefined)).toEqual(user)
    const renamed = await world.users.patch(OPERATOR, user.id, { first_name: 'Anna' }, undefined)
    expect(renamed.name).toBe('Anna Lee')
  })

  test('a read-only field with another value is refused', async () => {
    const user = await world.users.create(OPERATOR, john)
    const body = {
      ...user,
      id: NOBODY,
      version: 2,
      email_verified: true,
      has_password: 'no',
      created_at: 'x',
      updated_at: null,
    }
    expect(await fieldsOf(world.users.replace(OPERATOR, user.id, body, undefined))).toEqual([
      'id: any.readonly',
      'email_verified: any.readonly',
      'has_password: any.readonly',
      'created_at: any.readonly',
      'updated_at: any.readonly',
      'version: any.readonly',
    ])
  })

  test('a replacement has a name', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    const work = world.users.replace(
      OPERATOR,
      id,
      { email: john.email, last_name: 'Doe', metadata: { 'a.b': 1 } },
      undefined,
    )
    expect(await fieldsOf(work)).toEqual(['name: any.required', 'metadata: metadata.key'])
  })

  test('roles are replaced; those that stay keep their end', async () => {
    const { id } = await world.users.create(OPERATOR, { ...john, roles: ['CLIENT'] })
    await world.userRoles.add(OPERATOR, id, { roles: ['CLIENT'], expires_at: new Date('2026-06-01T00:00:00Z') })
    await world.roles.create(OPERATOR, { name: 'EDITOR' })
    await world.users.replace(OPERATOR, id, { ...john, roles: ['EDITOR', 'CLIENT'] }, undefined)
    expect((await world.userRoles.list(id)).grants).toEqual([
      { role: 'EDITOR', granted_at: CREATED, expires_at: null },
      { role: 'CLIENT', granted_at: CREATED, expires_at: '2026-06-01T00:00:00.000Z' },
    ])
  })
})

describe('patching', () => {
  test.each<[string, object, object]>([
    ['a given name stays', { first_name: 'Jane' }, { name: 'Given', first_name: 'Jane' }],
    ['a given name can follow again', { name: null, first_name: 'Jane' }, { name: 'Jane Doe' }],
    ['age goes', { age: null }, { age: null }],
    ['metadata is merged', { metadata: { a: null, c: { d: 1 } } }, { metadata: { b: { x: 1, y: 2 }, c: { d: 1 } } }],
    ['metadata is merged below', { metadata: { b: { x: null } } }, { metadata: { a: 1, b: { y: 2 } } }],
    ['metadata is emptied', { metadata: null }, { metadata: {} }],
    [
      'a scalar gives way to an object',
      { metadata: { a: { z: 1 } } },
      { metadata: { a: { z: 1 }, b: { x: 1, y: 2 } } },
    ],
    ['inactive', { is_active: false }, { is_active: false }],
    ['e-mail', { email: 'new@example.com' }, { email: 'new@example.com', email_verified: false }],
    ['name alone', { name: 'Other' }, { name: 'Other' }],
    ['age alone', { age: 31 }, { age: 31 }],
    ['roles', { roles: [] }, { roles: [] }],
  ])('%s', async (_what, patch, expected) => {
    const metadata = { a: 1, b: { x: 1, y: 2 } }
    const user = await world.users.create(OPERATOR, {
      ...john,
      name: 'Given',
      first_name: 'John',
      last_name: 'Doe',
      age: 30,
      metadata,
    })
    world.setTime(LATER)
    const patched = await world.users.patch(OPERATOR, user.id, patch, undefined)
    expect(patched).toEqual({ ...user, ...patch, ...expected, updated_at: LATER, version: 2 })
    expect(await world.users.get(user.id)).toEqual(patched)
  })

  test('a derived name follows, until a part of it is gone', async () => {
    const { id } = await world.users.create(OPERATOR, { first_name: 'Ann', last_name: 'Lee', email: 'a@example.com' })
    expect(await world.users.patch(OPERATOR, id, { last_name: 'Fox' }, undefined)).toMatchObject({ name: 'Ann Fox' })
    expect(await world.users.patch(OPERATOR, id, { first_name: null }, undefined)).toMatchObject({
      name: 'Ann Fox',
      first_name: null,
    })
    expect(await world.users.patch(OPERATOR, id, { first_name: 'Eve' }, undefined)).toMatchObject({ name: 'Ann Fox' })
    expect(await fieldsOf(world.users.patch(OPERATOR, id, { name: null, last_name: null }, undefined))).toEqual([
      'name: any.required',
    ])
    const long = 'x'.repeat(99)
    expect(await fieldsOf(world.users.patch(OPERATOR, id, { name: null, first_name: long }, undefined))).toEqual([
      'name: string.max',
    ])
  })

  test('an empty patch, and one that changes nothing, leave the version', async () => {
    const user = await world.users.create(OPERATOR, { ...john, metadata: { a: 1 } })
    world.setTime(LATER)
    expect(await world.users.patch(OPERATOR, user.id, {}, undefined)).toEqual(user)
    expect(
      await world.users.patch(OPERATOR, user.id, { metadata: { a: 1, b: null }, email: user.email }, undefined),
    ).toEqual(user)
  })

  test('merged metadata is within the bounds', async () => {
    const { id } = await world.users.create(OPERATOR, { ...john, metadata: { a: 'x'.repeat(16_000) } })
    const work = world.users.patch(OPERATOR, id, { metadata: { b: 'x'.repeat(1_000), c: { '': 1 } } }, undefined)
    expect(await fieldsOf(work)).toEqual(['metadata: metadata.size', 'metadata: metadata.key'])
  })

  test('a password is hashed once, and only for somebody who is there in this version', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    const patched = await world.users.patch(OPERATOR, id, { password: 'Password@123' }, [1])
    expect(patched).toMatchObject({ has_password: true, version: 2 })
    expect(await world.dao.passwordHash(id)).toBe('hash of Password@123')
    await expectCode(world.users.patch(OPERATOR, id, { password: 'SecurePass123' }, [1]), 'VERSION_MISMATCH')
    await expectCode(world.users.patch(OPERATOR, NOBODY, { password: 'SecurePass123' }, undefined), 'USER_NOT_FOUND')
    expect(
      await fieldsOf(world.users.patch(OPERATOR, id, { password: 'SecurePass123', roles: ['NOPE'] }, undefined)),
    ).toEqual(['roles.0: roles.unknown'])
    expect(await world.dao.passwordHash(id)).toBe('hash of Password@123')
  })

  test.each<[string, object]>([
    ['the short way', { name: 'New' }],
    ['the long way', { metadata: { a: 1 } }],
  ])('versions are asked for %s', async (_way, patch) => {
    const { id } = await world.users.create(OPERATOR, john)
    await expectCode(world.users.patch(OPERATOR, id, patch, [2, 7]), 'VERSION_MISMATCH')
    await expectCode(world.users.patch(OPERATOR, NOBODY, patch, [1]), 'USER_NOT_FOUND')
    await expectCode(world.users.patch(OPERATOR, NOBODY, patch, undefined), 'USER_NOT_FOUND')
    expect(await world.users.patch(OPERATOR, id, patch, [7, 1])).toMatchObject({ version: 2 })
    expect(await world.users.patch(OPERATOR, id, { ...patch, age: 7 }, 'any')).toMatchObject({ version: 3 })
  })
})

describe('changing the e-mail', () => {
  test('is a change of its own', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    await world.users.create(OPERATOR, { name: 'Ann', email: 'ann@example.com' })
    expect(await world.users.changeEmail(OPERATOR, id, 'new@example.com', [1])).toMatchObject({
      email: 'new@example.com',
      version: 2,
    })
    await expectCode(world.users.changeEmail(OPERATOR, id, 'ann@example.com', undefined), 'EMAIL_TAKEN')
    await expectCode(world.users.changeEmail(OPERATOR, id, 'x@example.com', [1]), 'VERSION_MISMATCH')
  })
})

describe('deleting and restoring', () => {
  test('a deleted user comes back as it was, one version on', async () => {
    const user = await world.users.create(OPERATOR, { ...john, metadata: { a: 1 } })
    expect(await world.users.remove(OPERATOR, user.id, [1])).toEqual(user)
    await expectCode(world.users.get(user.id), 'USER_NOT_FOUND')
    await expectCode(world.users.remove(OPERATOR, user.id, undefined), 'USER_NOT_FOUND')
    world.setTime(LATER)
    expect(await world.users.restore(OPERATOR, user.id)).toEqual({ ...user, updated_at: LATER, version: 2 })
    await expectCode(world.users.restore(OPERATOR, user.id), 'USER_NOT_FOUND')
  })

  test('not in another version', async () => {
    const user = await world.users.create(OPERATOR, john)
    await expectCode(world.users.remove(OPERATOR, user.id, [2]), 'VERSION_MISMATCH')
    expect(await world.users.get(user.id)).toEqual(user)
  })

  test('not when the time is over', async () => {
    const user = await world.users.create(OPERATOR, john)
    await world.users.remove(OPERATOR, user.id, undefined)
    world.setTime('2026-03-31T12:00:00.000Z')
    await expectCode(world.users.restore(OPERATOR, user.id), 'USER_NOT_FOUND')
    world.setTime('2026-03-31T11:59:59.999Z')
    expect(await world.users.restore(OPERATOR, user.id)).toMatchObject({ id: user.id })
  })

  test('not while somebody else has the e-mail', async () => {
    const user = await world.users.create(OPERATOR, john)
    await world.users.remove(OPERATOR, user.id, undefined)
    await world.users.create(OPERATOR, john)
    await expectCode(world.users.restore(OPERATOR, user.id), 'EMAIL_TAKEN')
  })

  test('of its roles those come back that exist', async () => {
    await world.roles.create(OPERATOR, { name: 'EDITOR' })
    const user = await world.users.create(OPERATOR, { ...john, roles: ['EDITOR', 'ADMIN'] })
    await world.users.create(OPERATOR, { name: 'Other', email: 'o@example.com', roles: ['ADMIN'] })
    await world.users.remove(OPERATOR, user.id, undefined)
    await world.roles.remove(OPERATOR, 'EDITOR', false, undefined)
    expect(await world.users.restore(OPERATOR, user.id)).toMatchObject({ roles: ['ADMIN'] })
    expect(world.guard.calls.at(-1)).toBe('join 2')
  })

  test('a tombstone beside a living user, and one that goes meanwhile, are no deletion', async () => {
    const user = await world.users.create(OPERATOR, john)
    await world.users.remove(OPERATOR, user.id, undefined)
    world.dao.restore = async () => false
    await expectCode(world.users.restore(OPERATOR, user.id), 'USER_NOT_FOUND')
  })
})

describe('administrators', () => {
  const admin = { name: 'Root', email: 'root@example.com', roles: ['ADMIN'] }

  test('others never meet the guard', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    await world.users.patch(OPERATOR, id, { is_active: false }, undefined)
    await world.userRoles.add(OPERATOR, id, { roles: ['ADMIN'] })
    await world.users.remove(OPERATOR, id, undefined)
    expect(world.guard.calls).toEqual([])
  })

  test.each<[string, (world: World, id: string) => Promise<unknown>]>([
    ['deleted', (w, id) => w.users.remove(OPERATOR, id, undefined)],
    ['disabled', (w, id) => w.users.patch(OPERATOR, id, { is_active: false }, undefined)],
    ['replaced', (w, id) => w.users.replace(OPERATOR, id, { ...admin, roles: ['CLIENT'] }, undefined)],
    ['deprived', (w, id) => w.userRoles.remove(OPERATOR, id, 'ADMIN', undefined)],
    ['given other roles', (w, id) => w.userRoles.replace(OPERATOR, id, { roles: [] }, undefined)],
    ['given an end', (w, id) => w.userRoles.add(OPERATOR, id, { roles: ['ADMIN'], expires_at: new Date(LATER) })],
  ])('the last one cannot be %s; the last but one can', async (_what, removal) => {
    const { id } = await world.users.create(OPERATOR, admin)
    const before = await world.users.get(id)
    await expectCode(removal(world, id), 'LAST_ADMIN')
    expect(await world.users.get(id)).toEqual(before)
    await world.users.create(OPERATOR, { ...admin, email: 'second@example.com' })
    await removal(world, id)
    expect(world.guard.calls).toEqual(['join 1', 'leave 1', 'join 1', 'leave 1'])
  })

  test('who becomes one joins after the change', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    await world.userRoles.add(OPERATOR, id, { roles: ['ADMIN'] })
    await world.users.patch(OPERATOR, id, { age: 1, metadata: { a: 1 } }, undefined)
    expect(world.guard.calls).toEqual(['join 2'])
  })

  test('who does not leave after all stays', async () => {
    await world.users.create(OPERATOR, admin)
    const { id } = await world.users.create(OPERATOR, { ...admin, email: 'second@example.com' })
    const replace = world.dao.replace.bind(world.dao)
    let calls = 0
    world.dao.replace = async (user, expected, hash) => {
      calls += 1
      // Somebody else is faster, once.
      if (calls === 1) await world.dao.setScalars(id, { age: 9 }, world.clock(), undefined)
      return replace(user, expected, hash)
    }
    expect(await world.users.patch(OPERATOR, id, { is_active: false }, undefined)).toMatchObject({
      is_active: false,
      age: 9,
      version: 3,
    })
    expect(world.guard.calls).toEqual(['join 1', 'join 1', 'leave 1', 'stay 2', 'leave 2'])
  })

  test('who was refused the e-mail stays; after an unclear failure nobody is told to', async () => {
    await world.users.create(OPERATOR, admin)
    const { id } = await world.users.create(OPERATOR, { ...admin, email: 'second@example.com' })
    const change = { is_active: false, email: admin.email }
    await expectCode(world.users.patch(OPERATOR, id, change, undefined), 'EMAIL_TAKEN')
    expect(world.guard.calls).toEqual(['join 1', 'join 1', 'leave 1', 'stay 1'])
    world.dao.replace = async () => Promise.reject(new AppError('SERVICE_UNAVAILABLE'))
    await expectCode(world.users.patch(OPERATOR, id, change, undefined), 'SERVICE_UNAVAILABLE')
    expect(world.guard.calls).toEqual(['join 1', 'join 1', 'leave 1', 'stay 1', 'leave 1'])
  })

  test('who went meanwhile is not told to stay', async () => {
    await world.users.create(OPERATOR, admin)
    const { id } = await world.users.create(OPERATOR, { ...admin, email: 'second@example.com' })
    const remove = world.dao.remove.bind(world.dao)
    world.dao.remove = async (...args) => {
      await remove(...args)
      return false
    }
    await expectCode(world.users.remove(OPERATOR, id, undefined), 'USER_NOT_FOUND')
    expect(world.guard.calls).toEqual(['join 1', 'join 1', 'leave 1'])
  })
})

test('who never gets through gives up in the end', async () => {
  const { id } = await world.users.create(OPERATOR, john)
  world.dao.replace = async () => false
  await expectCode(world.users.patch(OPERATOR, id, { metadata: { a: 1 } }, undefined), 'CONFLICT')
})

describe('roles of a user', () => {
  test('are added, given an end, replaced and taken', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    await world.roles.create(OPERATOR, { name: 'EDITOR' })
    world.setTime(LATER)
    const end = new Date('2026-06-01T00:00:00.000Z')
    const client = { role: 'CLIENT', granted_at: CREATED, expires_at: null }
    const editor = { role: 'EDITOR', granted_at: LATER, expires_at: end.toISOString() }
    const added = await world.userRoles.add(OPERATOR, id, { roles: ['EDITOR'], expires_at: end })
    expect(added).toEqual({ grants: [client, editor], version: 2 })
    expect(await world.userRoles.add(OPERATOR, id, { roles: ['EDITOR'], expires_at: end })).toEqual(added)
    const endless = { ...editor, expires_at: null }
    expect(await world.userRoles.add(OPERATOR, id, { roles: ['EDITOR'] })).toEqual({
      grants: [client, endless],
      version: 3,
    })
    expect(await world.userRoles.replace(OPERATOR, id, { roles: ['EDITOR'], expires_at: end }, [3])).toEqual({
      grants: [editor],
      version: 4,
    })
    expect(await world.userRoles.remove(OPERATOR, id, 'EDITOR', [4])).toEqual({ grants: [], version: 5 })
    expect(await world.userRoles.list(id)).toEqual({ grants: [], version: 5 })
  })

  test('must exist, end in the future, and be held to be taken', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    const past = { roles: ['NOPE', 'ADMIN'], expires_at: new Date(CREATED) }
    expect(await fieldsOf(world.userRoles.add(OPERATOR, id, past))).toEqual([
      'roles.0: roles.unknown',
      'expires_at: date.past',
    ])
    await expectCode(world.userRoles.remove(OPERATOR, id, 'ADMIN', undefined), 'ROLE_NOT_FOUND')
    await expectCode(world.userRoles.remove(OPERATOR, NOBODY, 'ADMIN', undefined), 'USER_NOT_FOUND')
    await expectCode(world.userRoles.add(OPERATOR, NOBODY, past), 'USER_NOT_FOUND')
    await expectCode(world.userRoles.replace(OPERATOR, id, { roles: [] }, [9]), 'VERSION_MISMATCH')
  })
})

describe('setting the password', () => {
  test('with the current one or without it', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    expect(await world.passwords.set(OPERATOR, id, { password: 'Password@123' }, undefined, ADDRESS)).toMatchObject({
      has_password: true,
      version: 2,
    })
    const next = { password: 'SecurePass123', current_password: 'Password@123' }
    expect(await world.passwords.set(OPERATOR, id, next, [2], ADDRESS)).toMatchObject({ version: 3 })
    expect(await world.dao.passwordHash(id)).toBe('hash of SecurePass123')
    await expectCode(world.passwords.set(OPERATOR, id, next, undefined, ADDRESS), 'FORBIDDEN')
    await expectCode(world.passwords.set(OPERATOR, id, { password: 'X' }, [1], ADDRESS), 'VERSION_MISMATCH')
    await expectCode(world.passwords.set(OPERATOR, NOBODY, next, undefined, ADDRESS), 'USER_NOT_FOUND')
    expect(await world.dao.passwordHash(id)).toBe('hash of SecurePass123')
  })

  test('where there is none, no current one is right', async () => {
    const { id } = await world.users.create(OPERATOR, john)
    const work = world.passwords.set(
      OPERATOR,
      id,
      { password: 'Password@123', current_password: 'Password@123' },
      undefined,
      ADDRESS,
    )
    await expectCode(work, 'FORBIDDEN')
  })

  test('one that was changed while it was checked is not the current one', async () => {
    const { id } = await world.users.create(OPERATOR, { ...john, password: 'Password@123' })
    const hashOf = world.dao.passwordHash.bind(world.dao)
    world.dao.passwordHash = async (asked) => {
      const hash = await hashOf(asked)
      const user = (await world.dao.find(asked))!
      await world.dao.replace(user, user.version, 'somebody else was faster')
      return hash
    }
    const work = world.passwords.set(
      OPERATOR,
      id,
      { password: 'SecurePass123', current_password: 'Password@123' },
      undefined,
      ADDRESS,
    )
    await expectCode(work, 'FORBIDDEN')
  })
})
