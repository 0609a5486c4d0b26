import type { LoginGuard } from '../../src/limits/login-guard'
import { RoleService } from '../../src/roles/role.service'
import type { PasswordHasher } from '../../src/passwords/password-hasher'
import { UserAuthorityService } from '../../src/users/user-authority.service'
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
  const authority = new UserAuthorityService({ dao, roles, clock })
  const deps = { dao, guard, roles, authority, hasher: plainHasher, clock, deletedRetentionDays: 30 }
  /** What setting a password told the others, in order. */
  const told: string[] = []
  const passwordDeps = {
    verifier: { verify: async (password: string, hash: string | null) => hash === `hash of ${password}` },
    logins: countingGuard(told),
    sessions: { renew: async (id: string) => told.push(`renew ${id}`) },
    onChanged: ({ email }: { readonly email: string }) => told.push(`changed ${email}`),
  }
  return {
    dao,
    roleDao,
    guard,
    roles,
    users: new UserService(deps),
    authority,
    told,
    passwords: new UserPasswordsService({ ...deps, ...passwordDeps }),
    passwordDeps,
    userRoles: new UserRolesService(deps),
    clock,
    setTime: (text: string) => {
      now = new Date(text)
    },
  }
}

function countingGuard(told: string[]): LoginGuard {
  const tell = (what: string) => async () => void told.push(what)
  return {
    begin: async (account, address) => {
      told.push(`attempt ${account} ${address}`)
      return { succeeded: tell('succeeded'), failed: tell('failed'), abandoned: tell('abandoned') }
    },
    unlock: async (account) => void told.push(`unlock ${account}`),
  }
}
