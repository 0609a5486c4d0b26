import { EmailTakenError } from '../../src/errors'
import type { Filter } from '../../src/filter/filter'
import type { ListQuery, Slice } from '../../src/filter/sort'
import { isLive, liveGrants } from '../../src/users/grants'
import { type Grant, type SortableField, sortValue, type User } from '../../src/users/user'
import { FILTERABLE } from '../../src/users/user-query'
import type { AccessEffect, NewUser, Scalars, UserDao } from '../../src/users/user.dao'
import { matches, sliceOf } from './in-memory-filter'

interface Kept {
  readonly user: User
  readonly passwordHash: string | null
  readonly accessChangedAt?: Date
  readonly sessionsNotBefore?: Date
}

/** Users in a map. Passes the suite that the MongoDB one passes; each method takes effect in one step. */
export class InMemoryUserDao implements UserDao {
  private readonly users = new Map<string, Kept>()
  private readonly deleted = new Map<string, Kept & { readonly purgeAt: Date }>()
  private nextId = 1

  async insert(user: NewUser, passwordHash: string | null): Promise<User> {
    this.assertFree(user.email)
    const kept = structuredClone({ ...user, id: (this.nextId++).toString(16).padStart(24, '0') })
    this.users.set(kept.id, { user: kept, passwordHash })
    return kept
  }

  async find(id: string): Promise<User | undefined> {
    return this.users.get(id)?.user
  }

  async list(filter: Filter | undefined, query: ListQuery, now: Date): Promise<Slice<User>> {
    const value = (user: User, field: string) => sortValue(user, field as SortableField)
    return sliceOf(this.matching(filter, now), query, value, ({ id }) => id)
  }

  async count(filter: Filter | undefined, now: Date, limit = Infinity): Promise<number> {
    return Math.min(limit, this.matching(filter, now).length)
  }

  async setScalars(id: string, scalars: Scalars, now: Date, versions?: readonly number[]): Promise<User | undefined> {
    const kept = this.users.get(id)
    if (!kept) return undefined
    const { user } = kept
    const ended = user.grants.some((grant) => !isLive(grant, now))
    if (versions && (ended || !versions.includes(user.version))) return undefined
    const derived = scalars.name === undefined ? {} : { name_derived: false }
    const changed = { ...user, ...scalars, ...derived, updated_at: now, version: user.version + 1 }
    this.users.set(id, { ...kept, user: changed })
    return changed
  }

  async replace(user: User, expected: number, passwordHash?: string, effect?: AccessEffect): Promise<boolean> {
    const kept = this.users.get(user.id)
    if (kept?.user.version !== expected) return false
    this.assertFree(user.email, user.id)
    const marks = {
      ...(effect ? { accessChangedAt: user.updated_at } : {}),
      ...(effect === 'sessions' ? { sessionsNotBefore: user.updated_at } : {}),
    }
    const hash = passwordHash ?? kept.passwordHash
    this.users.set(user.id, { ...kept, ...marks, user: structuredClone(user), passwordHash: hash })
    return true
  }

  async passwordHash(id: string): Promise<string | null | undefined> {
    return this.users.get(id)?.passwordHash
  }

  async remove(id: string, expected: number, _now: Date, purgeAt: Date): Promise<boolean> {
    const kept = this.users.get(id)
    if (kept?.user.version !== expected) return false
    this.deleted.set(id, { ...kept, purgeAt })
    return this.users.delete(id)
  }

  async findDeleted(id: string, now: Date): Promise<User | undefined> {
    const kept = this.deleted.get(id)
    return kept && kept.purgeAt > now ? kept.user : undefined
  }

  async restore(user: User, deletedVersion: number): Promise<boolean> {
    const kept = this.deleted.get(user.id)
    if (kept?.user.version !== deletedVersion || this.users.has(user.id)) return false
    this.assertFree(user.email)
    this.users.set(user.id, { user, passwordHash: kept.passwordHash })
    return this.deleted.delete(user.id)
  }

  async countHolders(roles: readonly string[], now: Date): Promise<ReadonlyMap<string, number>> {
    const holds = (user: User, role: string) => liveGrants(user, now).some((grant) => grant.role === role)
    const all = this.all()
    return new Map(roles.map((role) => [role, all.filter((user) => holds(user, role)).length]))
  }

  async stripRole(role: string, now: Date): Promise<void> {
    this.eachDeletedHolder(role, (grants) => grants.filter((grant) => grant.role !== role))
    this.eachHolder(role, (user) => ({
      ...user,
      grants: user.grants.filter((grant) => grant.role !== role),
      updated_at: now,
      version: user.version + 2,
    }))
  }

  async renameRole(from: string, to: string, now: Date): Promise<void> {
    this.eachDeletedHolder(from, (grants) =>
      grants.map((grant) => (grant.role === from ? { ...grant, role: to } : grant)),
    )
    this.eachHolder(from, (user) => ({
      ...user,
      grants: user.grants.map((grant) => (grant.role === from ? { ...grant, role: to } : grant)),
      updated_at: now,
      version: user.version + 1,
    }))
  }

  /** For the guard of the same kind. */
  all(): readonly User[] {
    return [...this.users.values()].map(({ user }) => user)
  }

  private eachDeletedHolder(role: string, change: (grants: readonly Grant[]) => readonly Grant[]): void {
    for (const [id, kept] of this.deleted) {
      if (!kept.user.grants.some((grant) => grant.role === role)) continue
      this.deleted.set(id, { ...kept, user: { ...kept.user, grants: change(kept.user.grants) } })
    }
  }

  private eachHolder(role: string, change: (user: User) => User): void {
    for (const [id, kept] of this.users) {
      if (kept.user.grants.some((grant) => grant.role === role))
        this.users.set(id, { ...kept, user: change(kept.user) })
    }
  }

  private matching(filter: Filter | undefined, now: Date): readonly User[] {
    const read = (user: User, field: string) => readField(user, field, now)
    return this.all().filter((user) => !filter || matches(filter, user, FILTERABLE, read))
  }

  private assertFree(email: string, except?: string): void {
    if (this.all().some((user) => user.email === email && user.id !== except)) throw new EmailTakenError()
  }
}

function readField(user: User, field: string, now: Date): unknown {
  if (field === 'role' || field === 'roles') return liveGrants(user, now).map(({ role }) => role)
  if (!field.startsWith('metadata.')) return user[field as keyof User]
  return field
    .split('.')
    .slice(1)
    .reduce<unknown>((value, key) => below(value, key), user.metadata)
}

/** As MongoDB walks a path: through the elements of a list as well. */
function below(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((element) => below(element, key)).filter((found) => found !== undefined)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}
