import { type Caller, OPERATOR } from '../../../src/http/caller'
import { inMemoryServices } from '../../support/in-memory-users'
import { refused } from '../../support/refused'

let world: Awaited<ReturnType<typeof inMemoryServices>>
const caller: Caller = { kind: 'user', userId: 'a', roles: [], permissions: new Set(['roles:write', 'users:read']) }

beforeEach(async () => {
  world = await inMemoryServices()
  await world.roles.create(OPERATOR, { name: 'MINE', permissions: ['users:read'] })
  await world.roles.create(OPERATOR, { name: 'MORE', permissions: ['users:read', 'users:delete'] })
})

test('nobody makes a role that carries what it lacks', async () => {
  const permissions = ['users:read', 'users:delete', 'own:thing']
  const wanted = ['FORBIDDEN', 'permissions.1: access.escalation', 'permissions.2: access.escalation']
  expect(await refused(world.roles.create(caller, { name: 'NEW', permissions }))).toEqual(wanted)
  expect(await refused(world.roles.patch(caller, 'MINE', { permissions }, undefined))).toEqual(wanted)
  expect(await refused(world.roles.replace(caller, 'CLIENT', { permissions }, undefined))).toEqual(wanted)
  expect(await world.roles.create(caller, { name: 'NEW', permissions: ['users:read'] })).toMatchObject({ version: 1 })
  expect(await world.roles.patch(caller, 'MINE', { permissions: [] }, undefined)).toMatchObject({ permissions: [] })
})

test('nor changes, renames or deletes one', async () => {
  for (const name of ['MORE', 'ADMIN']) {
    const { permissions } = await world.roles.get(name)
    expect(await refused(world.roles.patch(caller, name, { description: 'x' }, undefined))).toEqual(['FORBIDDEN'])
    expect(await refused(world.roles.patch(caller, name, { name: 'OTHER' }, undefined))).toEqual(['FORBIDDEN'])
    expect(await refused(world.roles.patch(caller, name, { permissions: [] }, undefined))).toEqual(['FORBIDDEN'])
    expect(await refused(world.roles.replace(caller, name, { permissions: [] }, undefined))).toEqual(['FORBIDDEN'])
    expect(await refused(world.roles.remove(caller, name, true, undefined))).toEqual(['FORBIDDEN'])
    expect(await world.roles.get(name)).toMatchObject({ permissions, version: 1 })
    expect(await world.roles.patch(caller, name, { permissions }, undefined)).toMatchObject({ version: 1 })
  }
  await world.roles.remove(caller, 'MINE', true, undefined)
})
