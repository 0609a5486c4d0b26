import type { Filter } from '../filter/filter'
import type { ListQuery, Slice } from '../filter/sort'
import type { User } from './user'

export type NewUser = Omit<User, 'id'>

/** Fields that depend on nothing else: they can be set without reading the user first. A name set so is a given one. */
export interface Scalars {
  readonly name?: string
  readonly age?: number | null
}

/** access: caches of what the user may do are stale. sessions: these, and every session of the user is over. */
export type AccessEffect = 'access' | 'sessions'

/**
 * The users of a store: plain objects in and out. An id that cannot be one is the id of nobody. Every method may
 * reject with SERVICE_UNAVAILABLE when the store does not answer in time.
 */
export interface UserDao {
  /** @throws EmailTakenError */
  insert(user: NewUser, passwordHash: string | null): Promise<User>

  find(id: string): Promise<User | undefined>

  list(filter: Filter | undefined, query: ListQuery, now: Date): Promise<Slice<User>>

  /** @param limit counts no further than this. Without a filter the answer costs the same for any number of users. */
  count(filter: Filter | undefined, now: Date, limit?: number): Promise<number>

  /**
   * One step, without reading first.
   * @param versions the stored versions that the user may have; undefined: any. With them a user with ended grants
   * is not changed, for its visible version is another one.
   * @returns undefined when nobody has that id, or not in one of these versions.
   */
  setScalars(
    id: string,
    scalars: Scalars,
    now: Date,
    versions: readonly number[] | undefined,
  ): Promise<User | undefined>

  /**
   * Compare and set: writes `user` if the stored version is `expected`.
   * @param passwordHash undefined: as it is.
   * @param effect what it means for those who are signed in as this user; undefined: nothing.
   * @throws EmailTakenError
   */
  replace(user: User, expected: number, passwordHash?: string, effect?: AccessEffect): Promise<boolean>

  /** undefined: no such user; null: one without a password. */
  passwordHash(id: string): Promise<string | null | undefined>

  /**
   * Moves a user among the deleted if the stored version is `expected`.
   * @param releaseEmail its e-mail is free at once, also where those of deleted users are reserved.
   */
  remove(id: string, expected: number, now: Date, purgeAt: Date, releaseEmail?: boolean): Promise<boolean>

  /** A deleted user whose time to come back is not over. */
  findDeleted(id: string, now: Date): Promise<User | undefined>

  /**
   * Brings a deleted user back as `user`; its password comes with it.
   * @param deletedVersion the version with which it was found among the deleted.
   * @returns false when it is not deleted (any more).
   * @throws EmailTakenError
   */
  restore(user: User, deletedVersion: number): Promise<boolean>

  /** How many users hold each of these roles, ended grants not counted. */
  countHolders(roles: readonly string[], now: Date): Promise<ReadonlyMap<string, number>>

  /** Takes a role from everybody who holds it; their versions rise. */
  stripRole(role: string, now: Date): Promise<void>

  renameRole(from: string, to: string, now: Date): Promise<void>
}
