import { OPERATOR } from '../../../src/http/caller'
import type { UserAccessDao } from '../../../src/users/user-access.dao'
import { UserAccessService } from '../../../src/users/user-access.service'
import { inMemoryServices } from '../../support/in-memory-users'

const EMAIL = 'ann@example.com'

async function world(more: object = {}) {
  const { dao, guard, clock, users } = await inMemoryServices()
  const access = new UserAccessService({ access: {} as UserAccessDao, dao, guard, clock })
  const { id } = await users.create(OPERATOR, { name: 'Ann', email: EMAIL, ...more })
  return { access, dao, id }
}

it('sets the hash, proves the address, and takes a name', async () => {
  const { access, dao, id } = await world()
  const user = await access.choosePassword(id, EMAIL, 'the hash', { name: 'Ann Lee', first: true })

  expect(user).toMatchObject({ name: 'Ann Lee', has_password: true, email_verified: true, version: 2 })
  expect(await dao.passwordHash(id)).toBe('the hash')
})

it.each([
  ['the address is another one', {}, 'other@example.com', false],
  ['the user is disabled', { is_active: false }, EMAIL, false],
  ['there must be none, and there is one', { password: 'Battery-Staple-8' }, EMAIL, true],
])('changes nothing when %s', async (_, more, email, first) => {
  const { access, dao, id } = await world(more)
  const before = [await dao.find(id), await dao.passwordHash(id)]

  expect(await access.choosePassword(id, email, 'the hash', { first })).toBeUndefined()
  expect([await dao.find(id), await dao.passwordHash(id)]).toEqual(before)
})

it('replaces a password where there may be one', async () => {
  const { access, dao, id } = await world({ password: 'Battery-Staple-8' })

  expect((await access.choosePassword(id, EMAIL, 'the hash'))?.name).toBe('Ann')
  expect(await dao.passwordHash(id)).toBe('the hash')
})

it('proves an address once, and only the one that the user has', async () => {
  const { access, dao, id } = await world()
  expect(await access.verifyEmail(id, 'other@example.com')).toBeUndefined()
  expect((await dao.find(id))?.email_verified).toBe(false)

  expect(await access.verifyEmail(id, EMAIL)).toMatchObject({ email_verified: true, version: 2 })
  expect(await access.verifyEmail(id, EMAIL)).toMatchObject({ email_verified: true, version: 2 })
})

it('moves from the address that the user has, and from no other', async () => {
  const { access, dao, id } = await world()
  expect(await access.moveEmail(id, 'other@example.com', 'new@example.com')).toBeUndefined()
  expect((await dao.find(id))?.email).toBe(EMAIL)

  expect(await access.moveEmail(id, EMAIL, 'new@example.com')).toMatchObject({
    email: 'new@example.com',
    email_verified: true,
  })
})

it('has no view of nobody', async () => {
  const { access, id } = await world()
  expect(await access.view(id)).toMatchObject({ id, email: EMAIL })
  await expect(access.view('f'.repeat(24))).rejects.toThrow('User not found')
})
