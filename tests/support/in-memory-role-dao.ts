import { RoleTakenError } from '../../src/errors'
import type { FieldTable, Filter } from '../../src/filter/filter'
import type { ListQuery, Slice } from '../../src/filter/sort'
import { type Role, roleSortValue, type RoleSortableField } from '../../src/roles/role'
import type { RoleDao, RoleStamp } from '../../src/roles/role.dao'
import { matches, sliceOf } from './in-memory-filter'

const FIELDS: FieldTable = { name: 'id', permission: 'set', text: 'text' }

/** Roles in a map. */
export class InMemoryRoleDao implements RoleDao {
  private readonly roles = new Map<string, Role>()

  async insert(role: Role): Promise<void> {
    if (this.roles.has(role.name)) throw new RoleTakenError()
    this.roles.set(role.name, structuredClone(role))
  }

  async find(name: string): Promise<Role | undefined> {
    return this.roles.get(name)
  }

  async existing(names: readonly string[]): Promise<readonly string[]> {
    return names.filter((name) => this.roles.get(name)?.leaving === false)
  }

  async permissionsOf(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = names.flatMap((name) => this.roles.get(name) ?? [])
    return new Map(found.map(({ name, permissions }) => [name, permissions]))
  }

  async changedSince(since: Date, limit: number): Promise<readonly RoleStamp[]> {
    const changed = [...this.roles.values()].filter(({ updated_at }) => updated_at >= since).slice(0, limit)
    return changed.map(({ name, updated_at, version }) => ({ name, updated_at, version }))
  }

  async list(filter: Filter | undefined, query: ListQuery): Promise<Slice<Role>> {
    const value = (role: Role, field: string) => roleSortValue(role, field as RoleSortableField)
    return sliceOf(this.matching(filter), query, value, ({ name }) => name)
  }

  async count(filter: Filter | undefined): Promise<number> {
    return this.matching(filter).length
  }

  async replace(role: Role, expected: number): Promise<boolean> {
    return this.change(role.name, expected, role)
  }

  async mark(name: string, version: number, leaving: boolean): Promise<boolean> {
    return this.change(name, version, { leaving })
  }

  async remove(name: string, version: number): Promise<boolean> {
    const role = this.roles.get(name)
    return role?.version === version && role.leaving && this.roles.delete(name)
  }

  private change(name: string, version: number, change: Partial<Role>): boolean {
    const role = this.roles.get(name)
    if (role?.version !== version) return false
    this.roles.set(name, structuredClone({ ...role, ...change }))
    return true
  }

  private matching(filter: Filter | undefined): readonly Role[] {
    const all = [...this.roles.values()]
    return filter ? all.filter((role) => matches(filter, role, FIELDS, readField)) : all
  }
}

function readField(role: Role, field: string): unknown {
  if (field === 'permission') return role.permissions
  return field === 'text' ? `${role.name}\n${role.description}` : role.name
}
