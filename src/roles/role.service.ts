import { AppError, RoleNotFoundError, RoleTakenError, ValidationError, VersionMismatchError } from '../errors'
import type { Filter } from '../filter/filter'
import type { Sort } from '../filter/sort'
import { PERMISSIONS } from '../http/access'
import { requireHeld } from '../http/authority'
import type { Caller } from '../http/caller'
import type { IfMatch } from '../http/etag'
import type { PageFacts, Paging } from '../http/paging'
import { requireOverRole } from './role-authority'
import { type Role, roleSortValue, type RoleSortableField } from './role'
import type { RoleDao, RoleHolders, RoleStamp } from './role.dao'
import { presentRole, readOnlyRoleProblems, type RoleView } from './role.presenter'

/** May do everything, and somebody always holds it. */
export const ADMIN_ROLE = 'ADMIN'
/** What a new user is, unless told otherwise. */
export const DEFAULT_ROLE = 'CLIENT'

/** How often a change is tried again because somebody else was faster. */
const ATTEMPTS_MAX = 20

export interface RoleInput {
  readonly name?: string
  readonly description?: string
  readonly permissions?: readonly string[]
}

export interface NewRoleInput extends RoleInput {
  readonly name: string
}

export interface RolePage extends PageFacts {
  readonly roles: readonly RoleView[]
}

export interface RoleServiceDeps {
  readonly dao: RoleDao
  readonly holders: RoleHolders
  readonly clock: () => Date
}

/** The rules for roles. Every method may reject with SERVICE_UNAVAILABLE; what else it throws stands with it. */
export class RoleService {
  constructor(private readonly deps: RoleServiceDeps) {}

  /** ADMIN and CLIENT are there, and ADMIN may do everything. Every process may do so at once, at each start. */
  async ensureSystemRoles(): Promise<void> {
    await this.ensureSystemRole(ADMIN_ROLE, 'May do everything', PERMISSIONS)
    await this.ensureSystemRole(DEFAULT_ROLE, 'May read and change its own profile', [])
    const admin = await this.named(ADMIN_ROLE)
    if (!sameMembers(admin.permissions, PERMISSIONS)) {
      await this.deps.dao.replace({ ...admin, permissions: PERMISSIONS, version: admin.version + 1 }, admin.version)
    }
  }

  /** Those of the names that are no role, or one that is leaving. */
  async unknown(names: readonly string[]): Promise<readonly string[]> {
    const own = names.filter((name) => !isSystemRole(name))
    if (own.length === 0) return []
    const existing = await this.deps.dao.existing(own)
    return own.filter((name) => !existing.includes(name))
  }

  /** What each of the roles lets its holders do; a name that is no role, nothing. */
  async permissionsOf(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.deps.dao.permissionsOf(names)
  }

  /** The roles that were written at or after `since`, at most `limit`. */
  async changedSince(since: Date, limit: number): Promise<readonly RoleStamp[]> {
    return this.deps.dao.changedSince(since, limit)
  }

  /** @throws RoleTakenError; FORBIDDEN when it would carry what the caller lacks */
  async create(caller: Caller, { name, description = '', permissions = [] }: NewRoleInput): Promise<RoleView> {
    requireHeld(caller.permissions, permissions)
    const role = this.newRole(name, description, permissions, false)
    await this.deps.dao.insert(role)
    return presentRole(role)
  }

  /** @throws RoleNotFoundError */
  async get(name: string): Promise<RoleView> {
    return this.present(await this.named(name))
  }

  async list(filter: Filter | undefined, sort: Sort, paging: Paging): Promise<RolePage> {
    const [{ items, more }, total] = await Promise.all([
      this.deps.dao.list(filter, { sort, ...paging }),
      paging.total === 'none' ? undefined : this.deps.dao.count(filter),
    ])
    const counts = await this.deps.holders.countHolders(
      items.map(({ name }) => name),
      this.deps.clock(),
    )
    const last = items.at(-1)
    const position = last && {
      values: sort.map(({ field }) => roleSortValue(last, field as RoleSortableField)),
      id: last.name,
    }
    return {
      roles: items.map((role) => presentRole(role, counts.get(role.name))),
      next: more ? position : undefined,
      total,
    }
  }

  /** A full update: what is not given goes back to its default. @throws as `patch` */
  async replace(caller: Caller, name: string, input: RoleInput, ifMatch: IfMatch): Promise<RoleView> {
    return this.change(caller, name, ifMatch, input, (present) => ({
      ...present,
      name: input.name ?? name,
      description: input.description ?? '',
      // What ADMIN may do is no field that anybody writes: left out, it stays.
      permissions: input.permissions ?? (name === ADMIN_ROLE ? present.permissions : []),
    }))
  }

  /**
   * @throws RoleNotFoundError, RoleTakenError, ValidationError, VersionMismatchError; SYSTEM_ROLE, CONFLICT; FORBIDDEN
   * when the role carries, or would carry, what the caller lacks
   */
  async patch(caller: Caller, name: string, input: RoleInput, ifMatch: IfMatch): Promise<RoleView> {
    return this.change(caller, name, ifMatch, input, (present) => ({
      ...present,
      name: input.name ?? name,
      description: input.description ?? present.description,
      permissions: input.permissions ?? present.permissions,
    }))
  }

  /**
   * @param force take the role from those who hold it.
   * @throws RoleNotFoundError, VersionMismatchError; SYSTEM_ROLE, ROLE_IN_USE, CONFLICT; FORBIDDEN when the role
   * carries what the caller lacks
   */
  async remove(caller: Caller, name: string, force: boolean, ifMatch: IfMatch): Promise<void> {
    await this.retrying(name, ifMatch, async (role) => {
      requireOverRole(caller, role.permissions)
      if (role.is_system) throw new AppError('SYSTEM_ROLE')
      if (!(await this.deps.dao.mark(name, role.version, true))) return undefined
      if (!force && (await this.present(role)).user_count > 0) {
        await this.deps.dao.mark(name, role.version, false)
        throw new AppError('ROLE_IN_USE')
      }
      await this.deps.holders.stripRole(name, this.deps.clock())
      if (!(await this.deps.dao.remove(name, role.version))) return undefined
      // A grant that was checked before the mark and written after the first sweep.
      await this.deps.holders.stripRole(name, this.deps.clock())
      return role
    })
  }

  private async change(
    caller: Caller,
    name: string,
    ifMatch: IfMatch,
    input: RoleInput,
    compute: (present: Role) => Role,
  ): Promise<RoleView> {
    const role = await this.retrying(name, ifMatch, async (present) => {
      const wanted = compute(present)
      if (!sameContent(present, wanted)) {
        requireOverRole(caller, present.permissions)
        requireHeld(caller.permissions, wanted.permissions)
      }
      const problems = readOnlyRoleProblems({ ...input }, await this.present(present))
      if (problems.length > 0) throw new ValidationError(problems)
      refuseForSystemRole(present, wanted)
      if (!present.leaving && sameContent(present, wanted)) return present
      const next = { ...wanted, leaving: false, updated_at: this.deps.clock(), version: present.version + 1 }
      if (next.name !== name) return this.rename(present, next, compute)
      return (await this.deps.dao.replace(next, present.version)) ? next : undefined
    })
    return this.present(role)
  }

  /** The new role first, then its holders, then the old one goes: at no time does a holder's role not exist. */
  private async rename(present: Role, next: Role, compute: (present: Role) => Role): Promise<Role | undefined> {
    const { dao, holders, clock } = this.deps
    if (!(await dao.mark(present.name, present.version, true))) return undefined
    try {
      await dao.insert(next)
    } catch (error) {
      if (error instanceof RoleTakenError) await dao.mark(present.name, present.version, false)
      throw error
    }
    await holders.renameRole(present.name, next.name, clock())
    const renamed = await this.retire(present, next, compute)
    await holders.renameRole(present.name, next.name, clock())
    return renamed
  }

  /** Removes the old one. What somebody else has made of it meanwhile holds under the new name as well. */
  private async retire(present: Role, next: Role, compute: (present: Role) => Role): Promise<Role> {
    const { dao, clock } = this.deps
    let [old, renamed] = [present, next]
    for (let tried = 0; tried < ATTEMPTS_MAX; tried += 1) {
      if (await dao.remove(old.name, old.version)) return renamed
      const latest = await dao.find(old.name)
      if (!latest) return renamed
      const version = renamed.version + 1
      const carried = { ...compute(latest), name: next.name, leaving: false, updated_at: clock(), version }
      if (latest.version !== old.version && (await dao.replace(carried, renamed.version))) renamed = carried
      if (await dao.mark(latest.name, latest.version, true)) old = latest
    }
    throw new AppError('CONFLICT')
  }

  private async retrying(
    name: string,
    ifMatch: IfMatch,
    attempt: (present: Role) => Promise<Role | undefined>,
  ): Promise<Role> {
    for (let tried = 0; tried < ATTEMPTS_MAX; tried += 1) {
      const present = await this.named(name)
      if (Array.isArray(ifMatch) && !ifMatch.includes(present.version)) throw new VersionMismatchError()
      const done = await attempt(present)
      if (done) return done
    }
    throw new AppError('CONFLICT')
  }

  private async named(name: string): Promise<Role> {
    const role = await this.deps.dao.find(name)
    if (!role) throw new RoleNotFoundError()
    return role
  }

  private async present(role: Role): Promise<RoleView> {
    const counts = await this.deps.holders.countHolders([role.name], this.deps.clock())
    return presentRole(role, counts.get(role.name))
  }

  private async ensureSystemRole(name: string, description: string, permissions: readonly string[]): Promise<void> {
    if (await this.deps.dao.find(name)) return
    try {
      await this.deps.dao.insert(this.newRole(name, description, permissions, true))
    } catch (error) {
      // Another process was faster.
      if (!(error instanceof RoleTakenError)) throw error
    }
  }

  private newRole(name: string, description: string, permissions: readonly string[], isSystem: boolean): Role {
    const now = this.deps.clock()
    const dates = { created_at: now, updated_at: now }
    return { name, description, permissions, is_system: isSystem, ...dates, version: 1, leaving: false }
  }
}

export function isSystemRole(name: string): boolean {
  return name === ADMIN_ROLE || name === DEFAULT_ROLE
}

function refuseForSystemRole(present: Role, wanted: Role): void {
  if (!present.is_system) return
  if (wanted.name !== present.name) throw new AppError('SYSTEM_ROLE')
  if (present.name === ADMIN_ROLE && !sameMembers(present.permissions, wanted.permissions)) {
    throw new AppError('SYSTEM_ROLE', { message: 'The permissions of ADMIN cannot be changed' })
  }
}

function sameContent(one: Role, other: Role): boolean {
  return (
    one.name === other.name &&
    one.description === other.description &&
    one.permissions.length === other.permissions.length &&
    one.permissions.every((permission, at) => permission === other.permissions[at])
  )
}

function sameMembers(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((member) => other.includes(member))
}
