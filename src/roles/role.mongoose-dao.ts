import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { RoleTakenError } from '../errors'
import type { Filter } from '../filter/filter'
import { afterPosition, bothOf, type MongoField, toMongo, toMongoSort } from '../filter/mongo-query'
import type { ListQuery, Slice } from '../filter/sort'
import { isDuplicateKey } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { RoleDao, RoleStamp } from './role.dao'
import { type RoleDocument, roleModel } from './role.model'
import type { Role } from './role'

const FIELDS: ReadonlyMap<string, MongoField> = new Map<string, MongoField>([
  ['name', { path: 'name' }],
  ['permission', { path: 'permissions' }],
  ['text', { path: 'search', lowerCased: true }],
])
const INTERNAL = { _id: 0, search: 0 } as const

/** Roles in MongoDB. As with users, queries go to the collection itself: plain objects, nothing hydrated. */
export class MongooseRoleDao implements RoleDao {
  private readonly roles: mongo.Collection<RoleDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.roles = collectionOf(roleModel(connection))
  }

  async insert(role: Role): Promise<void> {
    try {
      await this.within(this.roles.insertOne({ _id: role.name, ...toDocument(role) }))
    } catch (error) {
      throw isDuplicateKey(error, '_id') ? new RoleTakenError() : error
    }
  }

  async find(name: string): Promise<Role | undefined> {
    const role = await this.within(this.roles.findOne<Role>({ _id: name }, { projection: INTERNAL }))
    return role ?? undefined
  }

  async existing(names: readonly string[]): Promise<readonly string[]> {
    const wanted = { _id: { $in: [...names] }, leaving: false }
    const found = await this.within(this.roles.find(wanted, { projection: { _id: 1 } }).toArray())
    return found.map(({ _id }) => _id)
  }

  async permissionsOf(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const wanted = { _id: { $in: [...names] } }
    const found = await this.within(this.roles.find(wanted, { projection: { permissions: 1 } }).toArray())
    return new Map(found.map(({ _id, permissions }) => [_id, permissions]))
  }

  async changedSince(since: Date, limit: number): Promise<readonly RoleStamp[]> {
    const projection = { _id: 0, name: 1, updated_at: 1, version: 1 }
    return this.within(this.roles.find<RoleStamp>({ updated_at: { $gte: since } }, { projection, limit }).toArray())
  }

  async list(filter: Filter | undefined, { sort, after, skip, limit }: ListQuery): Promise<Slice<Role>> {
    const found = filter && toMongo(filter, fieldNamed)
    const behind = after && afterPosition(sort, after, samePath, storedSortValue, (id) => id)
    const roles = await this.within(
      this.roles
        .find<Role>(bothOf(behind, found), {
          projection: INTERNAL,
          sort: toMongoSort(sort, samePath),
          skip,
          limit: limit + 1,
          maxTimeMS: this.deadlineMs,
        })
        .toArray(),
    )
    return { items: roles.slice(0, limit), more: roles.length > limit }
  }

  async count(filter: Filter | undefined): Promise<number> {
    return this.within(
      filter ? this.roles.countDocuments(toMongo(filter, fieldNamed)) : this.roles.estimatedDocumentCount(),
    )
  }

  async replace(role: Role, expected: number): Promise<boolean> {
    const { matchedCount } = await this.within(
      this.roles.updateOne({ _id: role.name, version: expected }, { $set: toDocument(role) }),
    )
    return matchedCount === 1
  }

  async mark(name: string, version: number, leaving: boolean): Promise<boolean> {
    const { matchedCount } = await this.within(this.roles.updateOne({ _id: name, version }, { $set: { leaving } }))
    return matchedCount === 1
  }

  async remove(name: string, version: number): Promise<boolean> {
    const { deletedCount } = await this.within(this.roles.deleteOne({ _id: name, version, leaving: true }))
    return deletedCount === 1
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}

function fieldNamed(field: string): MongoField | undefined {
  return FIELDS.get(field)
}

function samePath(field: string): string {
  return field
}

function storedSortValue(field: string, value: string | number): unknown {
  return field === 'name' ? value : new Date(value)
}

function toDocument(role: Role): Omit<RoleDocument, '_id'> {
  return {
    name: role.name,
    description: role.description,
    permissions: [...role.permissions],
    is_system: role.is_system,
    created_at: role.created_at,
    updated_at: role.updated_at,
    version: role.version,
    leaving: role.leaving,
    search: `${role.name}\n${role.description}`.toLowerCase(),
  }
}
