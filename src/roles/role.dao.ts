import type { Filter } from '../filter/filter'
import type { ListQuery, Slice } from '../filter/sort'
import type { Role } from './role'

/** What tells one state of a role from another. */
export type RoleStamp = Pick<Role, 'name' | 'updated_at' | 'version'>

/** The roles of a store. Every method may reject with SERVICE_UNAVAILABLE when it does not answer in time. */
export interface RoleDao {
  /** @throws RoleTakenError */
  insert(role: Role): Promise<void>
  find(name: string): Promise<Role | undefined>
  /** Those of the names that are roles and stay so. */
  existing(names: readonly string[]): Promise<readonly string[]>
  /** What each of the roles lets its holders do. */
  permissionsOf(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
  /** The roles that were written at or after `since`, at most `limit`. */
  changedSince(since: Date, limit: number): Promise<readonly RoleStamp[]>
  list(filter: Filter | undefined, query: ListQuery): Promise<Slice<Role>>
  count(filter: Filter | undefined): Promise<number>
  /** Compare and set: writes `role`, of the same name, if the stored version is `expected`. */
  replace(role: Role, expected: number): Promise<boolean>
  /** Says whether the role is about to leave, in this version; the version stays. */
  mark(name: string, version: number, leaving: boolean): Promise<boolean>
  /** Removes a role in this version that is marked as leaving. */
  remove(name: string, version: number): Promise<boolean>
}

/** Those who hold roles: the users. */
export interface RoleHolders {
  /** How many hold each of the roles, ended grants not counted. */
  countHolders(roles: readonly string[], now: Date): Promise<ReadonlyMap<string, number>>
  stripRole(role: string, now: Date): Promise<void>
  renameRole(from: string, to: string, now: Date): Promise<void>
}
