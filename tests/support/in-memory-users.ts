import { RoleService } from '../../src/roles/role.service'
import type { PasswordHasher } from '../../src/passwords/password-hasher'
import { UserPasswordsService } from '../../src/users/user-passwords.service'
import { UserRolesService } from '../../src/users/user-roles.service'
import { UserService } from '../../src/users/user.service'
import { InMemoryAdminGuard } from './in-memory-admin-guard'
import { InMemoryRoleDao } from './in-memory-role-dao'
import { InMemoryUserDao } from './in-memory-user-dao'

/** Turns a password into something that tests can read. */
const plainHasher: PasswordHasher = {
  hash: async (password) => `hash of ${password}`,
  verify: async (password, hash) => hash === `hash of ${password}`,
}

/** The services over in-memory stores, with a clock that tests set. */
export async function inMemoryServices() {
  let now = new Date('2026-03-01T12:00:00.000Z')
  const clock = () => now
  const dao = new InMemoryUserDao()
  const roleDao = new InMemoryRoleDao()
  const guard = new InMemoryAdminGuard(dao)
  const roles = new RoleService({ dao: roleDao, holders: dao, clock })
  await roles.ensureSystemRoles()
  const deps = { dao, guard, roles, hasher: plainHasher, clock, deletedRetentionDays: 30 }
  return {
    dao,
    roleDao,
    guard,
    roles,
    users: new UserService(deps),
    passwords: new UserPasswordsService(deps),
    userRoles: new UserRolesService(deps),
    clock,
    setTime: (text: string) => {
      now = new Date(text)
    },
  }
}
