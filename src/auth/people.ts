import { CachedReads } from '../http/cached-reads'
import type { Freshness, RevocationSource } from '../http/revocation'
import { ADMIN_ROLE, type RoleService } from '../roles/role.service'
import type { UserAccess } from '../users/user-access.dao'
import type { UserAccessService } from '../users/user-access.service'
import type { People, Person } from './person'

/** People and roles that are kept in memory: at least so many, at most twice as many. */
const PEOPLE_MAX = 10_000
const ROLES_MAX = 1_000
/** More changes than this in one window are not told one by one. */
const CHANGES_MAX = 1_000

export interface PeopleDeps {
  readonly users: UserAccessService
  readonly roles: RoleService
  readonly freshness: Freshness
  readonly clock: () => Date
}

interface Known {
  readonly person: Person
  /** When the first of its grants ends, in milliseconds since 1970. */
  readonly until: number
}

/** What everybody may do, read once and kept until something of it changes, here or in another process. */
export class PeopleDirectory implements People {
  private readonly people: CachedReads<Known>
  private readonly roles: CachedReads<readonly string[]>
  /** States of roles that were told before. */
  private told = new Set<string>()

  constructor(private readonly deps: PeopleDeps) {
    const { freshness } = deps
    this.people = new CachedReads({ read: (id) => this.read(id), freshness, max: PEOPLE_MAX })
    this.roles = new CachedReads({ read: (name) => this.readRole(name), freshness, max: ROLES_MAX })
  }

  known(id: string): Person | undefined {
    const known = this.people.known(id)
    return known && this.deps.clock().getTime() < known.until ? known.person : undefined
  }

  async find(id: string): Promise<Person | undefined> {
    return (await this.people.find(id))?.person
  }

  /** What to watch, so that all of this stays true. */
  sources(): readonly RevocationSource[] {
    const { users } = this.deps
    return [
      {
        changedSince: async (since) => allIfMany(await users.changedSince(since, CHANGES_MAX)),
        drop: (ids) => this.people.drop(ids),
      },
      { changedSince: (since) => this.changedRoles(since), drop: (names) => this.dropRoles(names) },
    ]
  }

  /** A change of a role concerns all its holders, so each is told once and not as long as it is in the window. */
  private async changedRoles(since: Date): Promise<readonly string[] | 'all'> {
    const changed = await this.deps.roles.changedSince(since, CHANGES_MAX)
    const stamps = changed.map(({ name, updated_at, version }) => `${name} ${version} ${updated_at.getTime()}`)
    const news = changed.filter((_, at) => !this.told.has(stamps[at] ?? ''))
    this.told = new Set(stamps)
    return allIfMany(news.map(({ name }) => name))
  }

  private dropRoles(names: readonly string[] | 'all'): void {
    if (names.length === 0) return
    this.roles.drop(names)
    this.people.drop('all')
  }

  private async read(id: string): Promise<Known | undefined> {
    const access = await this.deps.users.access(id)
    return access && { person: await this.personOf(access), until: this.endOfGrants(access) }
  }

  private async personOf(access: UserAccess): Promise<Person> {
    const roles = this.deps.users.liveGrants(access).map(({ role }) => role)
    return Object.freeze({
      id: access.id,
      email: access.email,
      isActive: access.is_active,
      sessionsNotBefore: access.sessions_not_before?.getTime() ?? 0,
      roles: Object.freeze(roles),
      permissions: await this.permissionsOf(roles),
    })
  }

  private async permissionsOf(roles: readonly string[]): Promise<Person['permissions']> {
    if (roles.includes(ADMIN_ROLE)) return 'all'
    const each = await Promise.all(roles.map(async (role) => this.roles.known(role) ?? (await this.roles.find(role))))
    return new Set(each.flatMap((permissions) => permissions ?? []))
  }

  private async readRole(name: string): Promise<readonly string[]> {
    return (await this.deps.roles.permissionsOf([name])).get(name) ?? []
  }

  private endOfGrants(access: UserAccess): number {
    const ends = this.deps.users.liveGrants(access).map(({ expires_at }) => expires_at?.getTime() ?? Infinity)
    return Math.min(...ends, Infinity)
  }
}

function allIfMany(keys: readonly string[]): readonly string[] | 'all' {
  return keys.length < CHANGES_MAX ? keys : 'all'
}
