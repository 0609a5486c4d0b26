import { AppError, type ErrorCode } from '../../../src/errors'
import { compare } from '../../../src/filter/filter'
import { PERMISSIONS } from '../../../src/http/access'
import { OPERATOR } from '../../../src/http/caller'
import { inMemoryServices } from '../../support/in-memory-users'

const CREATED = '2026-03-01T12:00:00.000Z'
const LATER = '2026-03-02T12:00:00.000Z'

let world: Awaited<ReturnType<typeof inMemoryServices>>
beforeEach(async () => {
  world = await inMemoryServices()
})

async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  expect((error as AppError).code).toBe(code)
}

const holder = (role: string, at = 1) =>
  world.users.create(OPERATOR, { name: 'H', email: `h${at}@example.com`, roles: [role] })

describe('system roles', () => {
  test('are there, also when several processes start', async () => {
    await Promise.all([world.roles.ensureSystemRoles(), world.roles.ensureSystemRoles()])
    expect(await world.roles.get('ADMIN')).toMatchObject({ permissions: PERMISSIONS, is_system: true, version: 1 })
    expect(await world.roles.get('CLIENT')).toMatchObject({ permissions: [], is_system: true, version: 1 })
  })

  test('another process may be the first to make one', async () => {
    world.roleDao.find = async (name) => {
      delete (world.roleDao as Partial<typeof world.roleDao>).find
      return name === 'ADMIN' ? undefined : world.roleDao.find(name)
    }
    await world.roles.ensureSystemRoles()
    expect(await world.roles.get('ADMIN')).toMatchObject({ version: 1 })
    const failing = new Error('the store is gone')
    world.roleDao.find = async () => undefined
    world.roleDao.insert = async () => Promise.reject(failing)
    await expect(world.roles.ensureSystemRoles()).rejects.toBe(failing)
  })

  test('ADMIN gets the permissions that are new', async () => {
    const admin = (await world.roleDao.find('ADMIN'))!
    await world.roleDao.replace({ ...admin, permissions: ['users:read'] }, 1)
    await world.roles.ensureSystemRoles()
    expect(await world.roles.get('ADMIN')).toMatchObject({ permissions: PERMISSIONS, version: 2 })
  })

  test('stay what they are', async () => {
    await expectCode(world.roles.remove(OPERATOR, 'CLIENT', true, undefined), 'SYSTEM_ROLE')
    await expectCode(world.roles.patch(OPERATOR, 'CLIENT', { name: 'OTHER' }, undefined), 'SYSTEM_ROLE')
    await expectCode(world.roles.patch(OPERATOR, 'ADMIN', { permissions: ['users:read'] }, undefined), 'SYSTEM_ROLE')
    expect(await world.roles.patch(OPERATOR, 'CLIENT', { permissions: ['a:b'] }, undefined)).toMatchObject({
      permissions: ['a:b'],
    })
    expect(await world.roles.replace(OPERATOR, 'ADMIN', { description: 'Root' }, undefined)).toMatchObject({
      description: 'Root',
      permissions: PERMISSIONS,
    })
    expect(
      await world.roles.patch(OPERATOR, 'ADMIN', { permissions: [...PERMISSIONS].reverse() }, undefined),
    ).toMatchObject({
      version: 3,
    })
  })
})

test('creating', async () => {
  const role = await world.roles.create(OPERATOR, { name: 'EDITOR' })
  expect(role).toEqual({
    name: 'EDITOR',
    description: '',
    permissions: [],
    is_system: false,
    user_count: 0,
    created_at: CREATED,
    updated_at: CREATED,
    version: 1,
  })
  expect(await world.roles.get('EDITOR')).toEqual(role)
  await expectCode(world.roles.create(OPERATOR, { name: 'EDITOR' }), 'ROLE_TAKEN')
  await expectCode(world.roles.get('NOPE'), 'ROLE_NOT_FOUND')
})

test('listing', async () => {
  await holder('CLIENT')
  const paging = { skip: 0, limit: 1, after: undefined, total: 'exact' as const }
  const sort = [
    { field: 'created_at', descending: false },
    { field: 'name', descending: true },
  ]
  const first = await world.roles.list(undefined, sort, paging)
  const position = { values: [Date.parse(CREATED), 'CLIENT'], id: 'CLIENT' }
  expect(first).toMatchObject({ roles: [{ name: 'CLIENT', user_count: 1 }], next: position, total: 2 })
  const second = await world.roles.list(undefined, sort, { ...paging, after: first.next, total: 'none' })
  expect(second).toMatchObject({ roles: [{ name: 'ADMIN', user_count: 0 }], next: undefined, total: undefined })
  expect(await world.roles.list(compare('name', 'eq', 'X'), sort, paging)).toEqual({
    roles: [],
    next: undefined,
    total: 0,
  })
})

describe('changing', () => {
  const permissions = ['users:read']
  beforeEach(async () => {
    await world.roles.create(OPERATOR, { name: 'EDITOR', description: 'Edits', permissions })
    world.setTime(LATER)
  })

  test('a part, or the whole', async () => {
    const patched = await world.roles.patch(OPERATOR, 'EDITOR', { description: 'New' }, [1])
    expect(patched).toMatchObject({
      description: 'New',
      permissions,
      updated_at: LATER,
      created_at: CREATED,
      version: 2,
    })
    expect(await world.roles.replace(OPERATOR, 'EDITOR', { permissions: ['a:b'] }, 'any')).toMatchObject({
      description: '',
      permissions: ['a:b'],
      version: 3,
    })
    expect(await world.roles.replace(OPERATOR, 'EDITOR', {}, undefined)).toMatchObject({ permissions: [], version: 4 })
  })

  test('what was read can be sent back; other read-only values are refused', async () => {
    const role = await world.roles.get('EDITOR')
    expect(await world.roles.replace(OPERATOR, 'EDITOR', { ...role }, undefined)).toEqual(role)
    await expectCode(
      world.roles.patch(OPERATOR, 'EDITOR', { ...role, version: 2 } as object, undefined),
      'VALIDATION_FAILED',
    )
    await expectCode(world.roles.patch(OPERATOR, 'EDITOR', { description: 'x' }, [2]), 'VERSION_MISMATCH')
    await expectCode(world.roles.patch(OPERATOR, 'NOPE', {}, undefined), 'ROLE_NOT_FOUND')
  })

  test('is tried again when somebody else was faster, and not for ever', async () => {
    const replace = world.roleDao.replace.bind(world.roleDao)
    let calls = 0
    world.roleDao.replace = async (role, expected) => (calls++ === 0 ? false : replace(role, expected))
    expect(await world.roles.patch(OPERATOR, 'EDITOR', { description: 'x' }, undefined)).toMatchObject({ version: 2 })
    world.roleDao.replace = async () => false
    await expectCode(world.roles.patch(OPERATOR, 'EDITOR', { description: 'y' }, undefined), 'CONFLICT')
  })

  test('the name: its holders hold the new one', async () => {
    const { id } = await holder('EDITOR')
    const renamed = await world.roles.patch(OPERATOR, 'EDITOR', { name: 'WRITER' }, undefined)
    expect(renamed).toMatchObject({
      name: 'WRITER',
      description: 'Edits',
      user_count: 1,
      created_at: CREATED,
      version: 2,
    })
    expect(await world.users.get(id)).toMatchObject({ roles: ['WRITER'], version: 2 })
    await expectCode(world.roles.get('EDITOR'), 'ROLE_NOT_FOUND')
  })

  test('the name: what somebody else makes of the role meanwhile holds under the new one', async () => {
    const { id } = await holder('EDITOR')
    const remove = world.roleDao.remove.bind(world.roleDao)
    let calls = 0
    world.roleDao.remove = async (name, version) => {
      calls += 1
      // The holders have been moved; the old role still stands.
      if (calls === 1) await world.roles.patch(OPERATOR, 'EDITOR', { permissions: [] }, undefined)
      return remove(name, version)
    }
    await world.roles.patch(OPERATOR, 'EDITOR', { permissions: ['users:read'] }, undefined)
    const renamed = await world.roles.patch(OPERATOR, 'EDITOR', { name: 'WRITER' }, undefined)

    expect(renamed).toMatchObject({ name: 'WRITER', permissions: [], user_count: 1 })
    expect(await world.roles.get('WRITER')).toEqual(renamed)
    expect(await world.users.get(id)).toMatchObject({ roles: ['WRITER'] })
    await expectCode(world.roles.get('EDITOR'), 'ROLE_NOT_FOUND')
  })

  test('the name: a role that never stops changing is let be', async () => {
    const remove = world.roleDao.remove.bind(world.roleDao)
    world.roleDao.remove = async () => false
    await expectCode(world.roles.patch(OPERATOR, 'EDITOR', { name: 'WRITER' }, undefined), 'CONFLICT')
    world.roleDao.remove = remove
  })

  test('the name: one that somebody else has removed meanwhile is gone all the same', async () => {
    const remove = world.roleDao.remove.bind(world.roleDao)
    world.roleDao.remove = async (name, version) => {
      await remove(name, version)
      return false
    }
    const renamed = await world.roles.patch(OPERATOR, 'EDITOR', { name: 'WRITER' }, undefined)
    expect(renamed).toMatchObject({ name: 'WRITER' })
  })

  test('the name: not to one that is taken, and then nothing has changed', async () => {
    const before = await world.roles.get('EDITOR')
    await expectCode(world.roles.patch(OPERATOR, 'EDITOR', { name: 'CLIENT' }, undefined), 'ROLE_TAKEN')
    expect(await world.roles.get('EDITOR')).toEqual(before)
    expect(await world.roles.unknown(['EDITOR', 'NOPE', 'ADMIN'])).toEqual(['NOPE'])
  })

  test('the name: somebody else may be faster, and the store may be gone', async () => {
    const mark = world.roleDao.mark.bind(world.roleDao)
    let calls = 0
    world.roleDao.mark = async (...args) => (calls++ === 0 ? false : mark(...args))
    expect(await world.roles.patch(OPERATOR, 'EDITOR', { name: 'WRITER' }, undefined)).toMatchObject({ name: 'WRITER' })
    world.roleDao.insert = async () => Promise.reject(new AppError('SERVICE_UNAVAILABLE'))
    await expectCode(world.roles.patch(OPERATOR, 'WRITER', { name: 'AUTHOR' }, undefined), 'SERVICE_UNAVAILABLE')
    // A later change clears the mark that this left.
    expect(await world.roles.unknown(['WRITER'])).toEqual(['WRITER'])
    await world.roles.patch(OPERATOR, 'WRITER', {}, undefined)
    expect(await world.roles.unknown(['WRITER'])).toEqual([])
  })
})

describe('deleting', () => {
  beforeEach(async () => {
    await world.roles.create(OPERATOR, { name: 'EDITOR' })
  })

  test('a role that nobody holds', async () => {
    await expectCode(world.roles.remove(OPERATOR, 'EDITOR', false, [2]), 'VERSION_MISMATCH')
    await world.roles.remove(OPERATOR, 'EDITOR', false, [1])
    await expectCode(world.roles.remove(OPERATOR, 'EDITOR', false, undefined), 'ROLE_NOT_FOUND')
  })

  test('one that somebody holds, only by force', async () => {
    const { id } = await holder('EDITOR')
    await expectCode(world.roles.remove(OPERATOR, 'EDITOR', false, undefined), 'ROLE_IN_USE')
    expect(await world.roles.unknown(['EDITOR'])).toEqual([])
    await world.roles.remove(OPERATOR, 'EDITOR', true, undefined)
    expect(await world.users.get(id)).toMatchObject({ roles: [] })
  })

  test('is tried again when somebody else was faster', async () => {
    const mark = world.roleDao.mark.bind(world.roleDao)
    const remove = world.roleDao.remove.bind(world.roleDao)
    let marks = 0
    let removals = 0
    world.roleDao.mark = async (...args) => (marks++ === 0 ? false : mark(...args))
    world.roleDao.remove = async (...args) => (removals++ === 0 ? false : remove(...args))
    await world.roles.remove(OPERATOR, 'EDITOR', false, undefined)
    expect([marks, removals]).toEqual([3, 2])
    await expectCode(world.roles.get('EDITOR'), 'ROLE_NOT_FOUND')
  })
})
