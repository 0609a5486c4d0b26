import { setImmediate } from 'node:timers'
import DataLoader from 'dataloader'
import { type Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { EmailTakenError } from '../errors'
import type { Filter } from '../filter/filter'
import { afterPosition, bothOf, toMongo, toMongoSort } from '../filter/mongo-query'
import type { ListQuery, Slice } from '../filter/sort'
import { isDuplicateKey } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import { EmailReservations } from './email-reservations.mongoose'
import { grantsEndAt } from './grants'
import type { AccessEffect, NewUser, Scalars, UserDao } from './user.dao'
import { type DeletedUserDocument, type UserDocument, userModels } from './user.model'
import { isUserId, PUBLIC, storedSortValue, toObjectId, userFields, userPath } from './user.mongo-fields'
import { sortKeysOf, type User } from './user'

/** Point reads that arrive together share one query of at most so many ids; the first batch of an answer holds them. */
const COALESCED_READS_MAX = 100

/** Of a tombstone: the user that it was. */
const TOMBSTONE = { ...PUBLIC, deleted_at: 0, purge_at: 0, reserved_email: 0 } as const
type PublicDocument = Omit<UserDocument, keyof typeof PUBLIC>
type FormerEmail = Pick<UserDocument, 'email' | 'email_verified'>

/**
 * Users in MongoDB. Mongoose gives the connection, the schema and the indexes; queries go to the collection itself:
 * they are built here from checked parts, so there is nothing to cast, and nothing is hydrated.
 */
export class MongooseUserDao implements UserDao {
  private readonly users: mongo.Collection<UserDocument>
  private readonly deleted: mongo.Collection<DeletedUserDocument>
  /** undefined: the e-mail of a deleted user is free at once. */
  private readonly reservations: EmailReservations | undefined
  private readonly reads: DataLoader<string, User | undefined>
  private readonly totals: DataLoader<'users', number>

  /**
   * @param deadlineMs how long any one call may take, in milliseconds.
   * @param deletedEmail reserved: nobody can have the e-mail of a deleted user before the purge.
   */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
    deletedEmail: 'free' | 'reserved' = 'free',
  ) {
    const models = userModels(connection)
    this.users = collectionOf(models.users)
    this.deleted = collectionOf(models.deleted)
    if (deletedEmail === 'reserved') this.reservations = new EmailReservations(this.users, this.deleted, deadlineMs)
    // Without a cache, so each answer is as fresh as its own query. The requests of one turn of the event loop
    // come from several sockets; only when all of these were read, in the check phase, is the batch complete.
    const together = {
      cache: false,
      maxBatchSize: COALESCED_READS_MAX,
      batchScheduleFn: (callback: () => void) => setImmediate(callback),
    }
    this.reads = new DataLoader((ids) => this.findMany(ids), together)
    this.totals = new DataLoader((asked) => this.countAll(asked), together)
  }

  async insert(user: NewUser, passwordHash: string | null, id?: string): Promise<User> {
    const _id = id === undefined ? new mongo.ObjectId() : toObjectId(id)
    const document = { ...toDocument(user), _id, password_hash: passwordHash }
    try {
      await this.writing(this.users.insertOne(document))
    } catch (error) {
      // Whichever index refused: an earlier attempt under this id took its e-mail, too.
      const present = id !== undefined && isTaken(error) ? await this.find(id) : undefined
      if (present) return present
      throw error
    }
    await this.takeBackIfReserved(document)
    return { ...user, id: document._id.toHexString() }
  }

  async find(id: string): Promise<User | undefined> {
    return isUserId(id) ? this.reads.load(id) : undefined
  }

  async list(filter: Filter | undefined, query: ListQuery, now: Date): Promise<Slice<User>> {
    const path = (field: string) => userPath(field)
    const found = filter && toMongo(filter, userFields(now))
    const behind = query.after && afterPosition(query.sort, query.after, path, storedSortValue, toObjectId)
    const documents = await this.within(
      this.users
        .find<PublicDocument>(bothOf(behind, found), {
          projection: PUBLIC,
          sort: toMongoSort(query.sort, path),
          skip: query.skip,
          limit: query.limit + 1,
          maxTimeMS: this.deadlineMs,
        })
        .toArray(),
    )
    return { items: documents.slice(0, query.limit).map(toUser), more: documents.length > query.limit }
  }

  async count(filter: Filter | undefined, now: Date, limit?: number): Promise<number> {
    if (!filter) return this.totals.load('users')
    const options = { maxTimeMS: this.deadlineMs, ...(limit === undefined ? {} : { limit }) }
    return this.within(this.users.countDocuments(toMongo(filter, userFields(now)), options))
  }

  async setScalars(
    id: string,
    { name, age }: Scalars,
    now: Date,
    versions: readonly number[] | undefined,
  ): Promise<User | undefined> {
    if (!isUserId(id)) return undefined
    const set: Record<string, unknown> = { updated_at: now }
    if (name !== undefined) Object.assign(set, { name, name_derived: false, 'sort_keys.name': name.toLowerCase() })
    if (age !== undefined) Object.assign(set, { age, 'sort_keys.age': age ?? 0 })
    const condition = versions ? { version: { $in: [...versions] }, grants_end_at: { $not: { $lte: now } } } : {}
    const document = await this.within(
      this.users.findOneAndUpdate(
        { _id: toObjectId(id), ...condition },
        { $set: set, $inc: { version: 1 } },
        { projection: PUBLIC, returnDocument: 'after' },
      ),
    )
    return document ? toUser(document) : undefined
  }

  async replace(
    user: User,
    expected: number,
    passwordHash?: string,
    effect?: AccessEffect,
    chosenUnder?: string,
  ): Promise<boolean> {
    const hash = passwordHash === undefined ? {} : { password_hash: passwordHash }
    const chosen = chosenUnder === undefined ? {} : { chosen_under: chosenUnder }
    const set = { ...toDocument(user), ...hash, ...chosen, ...marksOf(effect, user.updated_at) }
    const former = this.reservations && (await this.formerEmail(user, this.reservations))
    const { matchedCount } = await this.writing(
      this.users.updateOne({ _id: toObjectId(user.id), version: expected }, { $set: set }),
    )
    if (matchedCount === 1 && former) await this.moveBackIfReserved(user, former)
    return matchedCount === 1
  }

  async passwordHash(id: string): Promise<string | null | undefined> {
    if (!isUserId(id)) return undefined
    const document = await this.within(
      this.users.findOne({ _id: toObjectId(id) }, { projection: { password_hash: 1 } }),
    )
    return document?.password_hash
  }

  /**
   * First the tombstone, then the user: a crash between leaves both, and the next attempt repeats the step. The
   * tombstone never goes back to an older version: then somebody deleted a newer state, and this caller is late.
   */
  async remove(id: string, expected: number, now: Date, purgeAt: Date, releaseEmail = false): Promise<boolean> {
    const user = { _id: toObjectId(id), version: expected }
    const document = await this.within(this.users.findOne(user))
    if (!document) return false
    const reserved = this.reservations && !releaseEmail ? { reserved_email: document.email } : {}
    const tombstone = { ...document, deleted_at: now, purge_at: purgeAt, ...reserved }
    try {
      await this.within(
        this.deleted.replaceOne({ _id: user._id, version: { $lte: expected } }, tombstone, { upsert: true }),
      )
    } catch (error) {
      if (isDuplicateKey(error, '_id')) return false
      throw error
    }
    return (await this.within(this.users.deleteOne(user))).deletedCount === 1
  }

  async findDeleted(id: string, now: Date): Promise<User | undefined> {
    if (!isUserId(id)) return undefined
    const document = await this.within(
      this.deleted.findOne({ _id: toObjectId(id), purge_at: { $gt: now } }, { projection: TOMBSTONE }),
    )
    return document ? toUser(document) : undefined
  }

  /**
   * First the user, then the tombstone, and only the one that was read: the user may have been deleted again since.
   */
  async restore(user: User, deletedVersion: number): Promise<boolean> {
    const tombstone = { _id: toObjectId(user.id), version: deletedVersion }
    const document = await this.within(this.deleted.findOne(tombstone, { projection: { password_hash: 1 } }))
    if (!document) return false
    const secret = { password_hash: document.password_hash, ...marksOf('sessions', user.updated_at) }
    const living = { ...toDocument(user), ...secret, _id: tombstone._id }
    try {
      await this.writing(this.users.insertOne(living))
    } catch (error) {
      if (isDuplicateKey(error, '_id')) return false
      throw error
    }
    await this.takeBackIfReserved(living)
    await this.within(this.deleted.deleteOne(tombstone))
    return true
  }

  async countHolders(roles: readonly string[], now: Date): Promise<ReadonlyMap<string, number>> {
    const counts = roles.map(async (role) => {
      // Counting holders reads the index alone; the few whose grant has ended are found by when it did.
      const [all, ended] = await this.within(
        Promise.all([
          this.users.countDocuments({ 'grants.role': role }),
          this.users.countDocuments({
            grants_end_at: { $lte: now },
            grants: { $elemMatch: { role, expires_at: { $lte: now } } },
          }),
        ]),
      )
      return [role, all - ended] as const
    })
    return new Map(await Promise.all(counts))
  }

  async stripRole(role: string, now: Date): Promise<void> {
    // Who comes back later must not find another role of this name.
    await this.within(this.deleted.updateMany({ 'grants.role': role }, { $pull: { grants: { role } } }))
    // By two: if the grant had ended, the visible version counted it, and it must rise all the same.
    await this.within(
      this.users.updateMany(
        { 'grants.role': role },
        { $pull: { grants: { role } }, $set: { updated_at: now, access_changed_at: now }, $inc: { version: 2 } },
      ),
    )
  }

  async renameRole(from: string, to: string, now: Date): Promise<void> {
    await this.within(
      this.deleted.updateMany(
        { 'grants.role': from },
        { $set: { 'grants.$[grant].role': to } },
        { arrayFilters: [{ 'grant.role': from }] },
      ),
    )
    await this.within(
      this.users.updateMany(
        { 'grants.role': from },
        { $set: { 'grants.$[grant].role': to, updated_at: now, access_changed_at: now }, $inc: { version: 1 } },
        { arrayFilters: [{ 'grant.role': from }] },
      ),
    )
  }

  /** One count serves all who ask in the same turn. It takes constant time: the collection holds living users alone. */
  private async countAll(asked: readonly 'users'[]): Promise<number[]> {
    const total = await this.within(this.users.estimatedDocumentCount({ maxTimeMS: this.deadlineMs }))
    return asked.map(() => total)
  }

  private async findMany(ids: readonly string[]): Promise<(User | undefined)[]> {
    const [only] = ids
    if (ids.length === 1 && only !== undefined) {
      const document = await this.within(this.users.findOne({ _id: toObjectId(only) }, { projection: PUBLIC }))
      return [document ? toUser(document) : undefined]
    }
    const documents = await this.within(
      this.users.find<PublicDocument>({ _id: { $in: ids.map(toObjectId) } }, { projection: PUBLIC }).toArray(),
    )
    const users = new Map(documents.map((document) => [document._id.toHexString(), toUser(document)]))
    return ids.map((id) => users.get(id))
  }

  /** @throws EmailTakenError when a deleted user keeps the e-mail: then this user was never there. */
  private async takeBackIfReserved({ _id, email }: Pick<UserDocument, '_id' | 'email'>): Promise<void> {
    if (!(await this.reservations?.isReserved(email, _id))) return
    await this.within(this.users.deleteOne({ _id }))
    throw new EmailTakenError()
  }

  /**
   * What the user's e-mail was, if it changes now; undefined if it does not.
   * @throws EmailTakenError when a deleted user keeps the new one.
   */
  private async formerEmail(user: User, reservations: EmailReservations): Promise<FormerEmail | undefined> {
    const _id = toObjectId(user.id)
    const projection = { email: 1, email_verified: 1 }
    const former = await this.within(this.users.findOne<FormerEmail>({ _id }, { projection }))
    if (!former || former.email === user.email) return undefined
    if (await reservations.isReserved(user.email, _id)) throw new EmailTakenError()
    return former
  }

  /** For a deletion between the look before and the change. @throws EmailTakenError */
  private async moveBackIfReserved(user: User, { email, email_verified }: FormerEmail): Promise<void> {
    const _id = toObjectId(user.id)
    if (!(await this.reservations?.isReserved(user.email, _id))) return
    // Should somebody have taken the former e-mail within this moment, the user keeps the new one.
    await this.writing(
      this.users.updateOne(
        { _id, email: user.email },
        { $set: { email, email_verified, access_changed_at: new Date() }, $inc: { version: 1 } },
      ),
    )
    throw new EmailTakenError()
  }

  private async writing<T>(work: Promise<T>): Promise<T> {
    try {
      return await this.within(work)
    } catch (error) {
      throw isDuplicateKey(error, 'email') ? new EmailTakenError() : error
    }
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof EmailTakenError || isDuplicateKey(error, '_id')
}

function toUser({ _id, ...rest }: PublicDocument): User {
  return { ...rest, id: _id.toHexString() }
}

/** The marks by which every process learns that what it knows of the user's access is stale. */
function marksOf(effect: AccessEffect | undefined, now: Date): Partial<UserDocument> {
  if (effect === undefined) return {}
  return { access_changed_at: now, ...(effect === 'sessions' ? { sessions_not_before: now } : {}) }
}

/** Everything but the id and the password's hash. */
function toDocument(user: NewUser): Omit<UserDocument, '_id' | 'password_hash'> {
  return {
    name: user.name,
    first_name: user.first_name,
    last_name: user.last_name,
    name_derived: user.name_derived,
    email: user.email,
    email_verified: user.email_verified,
    has_password: user.has_password,
    age: user.age,
    is_active: user.is_active,
    grants: [...user.grants],
    grants_end_at: grantsEndAt(user.grants),
    metadata: user.metadata,
    created_at: user.created_at,
    updated_at: user.updated_at,
    version: user.version,
    sort_keys: sortKeysOf(user),
  }
}
