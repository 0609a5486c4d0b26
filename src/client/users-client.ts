import { changeInRounds } from './change'
import { isApiError } from './errors'
import { etagOf, ifMatch } from './etag'
import { type ConfirmOptions, eventually } from './eventually'
import type { Operator } from './operations'
import { seenAfter, showsChange } from './own-success'
import { type Page, readPage, readServedPage, type Walk, WALK_PAGE_SIZE, walkItems, walkPages } from './pages'
import type { CallOptions } from './requester'
import type {
  Grant,
  Invitation,
  NewUser,
  Operations,
  PersonalExport,
  Session,
  User,
  UserPatch,
  UserReplacement,
} from './types.gen'

export type UserQuery = Operations['listUsers']['query']
/** A walk keeps its own place. */
export type UserWalk = Omit<UserQuery, 'page' | 'cursor'>

/** For changes: the version that the change is based on. Another one there is answered with VERSION_MISMATCH. */
export interface ChangeOptions extends CallOptions {
  readonly ifVersion?: number | undefined
}

/** `/users`. Every method rejects with ApiError, NetworkError, TimeoutError or the reason of the caller's signal. */
export class UsersClient {
  readonly #api: Operator

  constructor(api: Operator) {
    this.#api = api
  }

  async create(user: NewUser, options?: CallOptions): Promise<User> {
    return (await this.#api.send('createUser', { body: user }, options)).data
  }

  async get(id: string, options?: CallOptions): Promise<User> {
    return (await this.#api.send('getUser', { params: { id } }, options)).data
  }

  /** The user, unless it is still of this version: then undefined, and no body came over the line. */
  async getIfChanged(id: string, version: number, options?: CallOptions): Promise<User | undefined> {
    const known = { 'if-none-match': etagOf(version) }
    const { status, data } = await this.#api.send('getUser', { params: { id } }, options, known)
    return status === 304 ? undefined : data
  }

  /** One page. With `fields`, users have those fields only. */
  async list(query: UserQuery = {}, options?: CallOptions): Promise<Page<User>> {
    return readPage(await this.#api.send('listUsers', { query }, options))
  }

  /** Every page, to the end: nobody is skipped or repeated while others come and go. */
  pages(query: UserWalk = {}, options?: CallOptions): AsyncGenerator<Page<User>> {
    return walkPages(this.#walk(query, options))
  }

  /** Every user, to the end: `for await (const user of client.users.each({ role: 'ADMIN' }))`. */
  each(query: UserWalk = {}, options?: CallOptions): AsyncGenerator<User> {
    return walkItems(this.#walk(query, options))
  }

  #walk({ page_size: pageSize = WALK_PAGE_SIZE, ...query }: UserWalk, options?: CallOptions): Walk<User> {
    const load = async (cursor: string | undefined) => {
      const input = { query: { ...query, page_size: pageSize, cursor } }
      return readServedPage(await this.#api.send('listUsers', input, options))
    }
    const count = async (more: UserQuery) =>
      (await this.list({ ...query, ...more, page_size: 1, total: 'exact' }, options)).total ?? 0
    // Who is there now and has not changed since then was there all the time.
    const leastSince = async (begin: Date) => (await count({})) - (await count({ updated_after: begin.toISOString() }))
    const estimated = query.total === 'estimate'
    // A filter of one's own by that field stands in the way of it.
    const isConfirmable = query.updated_after === undefined
    return { load, pageSize, estimated, signal: options?.signal, ...(isConfirmable ? { leastSince } : {}) }
  }

  async replace(id: string, body: UserReplacement, options: ChangeOptions = {}): Promise<User> {
    const input = { params: { id }, body }
    return this.#orOwn(id, body, options, () =>
      this.#api.send('replaceUser', input, options, ifMatch(options.ifVersion)),
    )
  }

  /** JSON Merge Patch: null takes a field away. */
  async patch(id: string, body: UserPatch, options: ChangeOptions = {}): Promise<User> {
    const input = { params: { id }, body }
    return this.#orOwn(id, body, options, () => this.#api.send('patchUser', input, options, ifMatch(options.ifVersion)))
  }

  /**
   * Reads the user, asks `change` what to change, and writes that if nobody else wrote in between; else all over again.
   * `change` may return undefined to leave the user as it is, and may be called several times.
   */
  update(
    id: string,
    change: (user: User) => UserPatch | undefined | Promise<UserPatch | undefined>,
    options: CallOptions = {},
  ): Promise<User> {
    return changeInRounds({
      read: () => this.get(id, options),
      change,
      write: (user, patch) => this.patch(id, patch, { ...options, ifVersion: user.version }),
      signal: options.signal,
    })
  }

  /** Where an e-mail has to be confirmed first, the user comes back with the one it had. */
  async changeEmail(id: string, email: string, options: ChangeOptions = {}): Promise<User> {
    const input = { params: { id }, body: { email } }
    return this.#orOwn(id, { email }, options, async () => {
      const { data } = await this.#api.send('changeEmail', input, options, ifMatch(options.ifVersion))
      return { data: data ?? (await this.get(id, options)) }
    })
  }

  /** `currentPassword` is what a user needs who changes its own. */
  async setPassword(id: string, password: string, options: ChangeOptions & { currentPassword?: string } = {}) {
    const body = { password, current_password: options.currentPassword }
    return this.#orOwn(id, {}, options, () =>
      this.#api.send('setPassword', { params: { id }, body }, options, ifMatch(options.ifVersion)),
    )
  }

  async delete(id: string, options: ChangeOptions = {}): Promise<void> {
    await this.#delete(id, options)
  }

  /** The user as it was; undefined when the answer that held it was lost. */
  async deleteAndReturn(id: string, options: ChangeOptions = {}): Promise<User | undefined> {
    return (await this.#delete(id, options, { prefer: 'return=representation' })) ?? undefined
  }

  async #delete(id: string, options: ChangeOptions, headers?: Readonly<Record<string, string>>): Promise<User | null> {
    const sent = { ...ifMatch(options.ifVersion), ...headers }
    try {
      return (await this.#api.send('deleteUser', { params: { id } }, options, sent)).data
    } catch (error) {
      // Gone by our own first attempt, whose answer was lost.
      if (isApiError(error, 'USER_NOT_FOUND') && error.repeated) return null
      throw error
    }
  }

  /** Undoes a deletion within the retention time. */
  async restore(id: string, options: CallOptions = {}): Promise<User> {
    try {
      return (await this.#api.send('restoreUser', { params: { id } }, options)).data
    } catch (error) {
      if (!isApiError(error, 'USER_NOT_FOUND') || !error.repeated) throw error
      return seenAfter(error, () => this.#find(id, options), options)
    }
  }

  async grants(id: string, options?: CallOptions): Promise<readonly Grant[]> {
    return (await this.#api.send('listUserRoles', { params: { id } }, options)).data
  }

  /** Adds roles. `expiresAt` is when they end by themselves. */
  async grant(id: string, roles: readonly string[], options: CallOptions & { expiresAt?: Date } = {}) {
    const body = { roles, expires_at: options.expiresAt?.toISOString() }
    return (await this.#api.send('addUserRoles', { params: { id }, body }, options)).data
  }

  async replaceGrants(id: string, roles: readonly string[], options: ChangeOptions & { expiresAt?: Date } = {}) {
    const body = { roles, expires_at: options.expiresAt?.toISOString() }
    const match = ifMatch(options.ifVersion)
    return (await this.#api.send('replaceUserRoles', { params: { id }, body }, options, match)).data
  }

  async revoke(id: string, role: string, options: ChangeOptions = {}): Promise<void> {
    try {
      await this.#api.send('removeUserRole', { params: { id, role } }, options, ifMatch(options.ifVersion))
    } catch (error) {
      if (!(isApiError(error, 'ROLE_NOT_FOUND', 'VERSION_MISMATCH') && error.repeated)) throw error
      const isWithout = async () => ((await this.get(id, options)).roles.includes(role) ? undefined : true)
      await seenAfter(error, isWithout, options)
    }
  }

  /** Makes a user, who chooses a password by mail. */
  async invite(invitation: Invitation, options?: CallOptions): Promise<User> {
    return (await this.#api.send('inviteUser', { body: invitation }, options)).data
  }

  /** Lets a user log in again who failed too often. */
  async unlock(id: string, options?: CallOptions): Promise<void> {
    await this.#api.send('unlockUser', { params: { id } }, options)
  }

  async sessions(id: string, options?: CallOptions): Promise<readonly Session[]> {
    return (await this.#api.send('listUserSessions', { params: { id } }, options)).data
  }

  /** Logs the user out everywhere. */
  async endSessions(id: string, options?: CallOptions): Promise<{ readonly ended: number }> {
    return (await this.#api.send('endUserSessions', { params: { id } }, options)).data
  }

  /** For a user who has lost it. */
  async removeAuthenticator(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#api.send('removeUserAuthenticator', { params: { id } }, options)
    } catch (error) {
      if (!(isApiError(error, 'MFA_NOT_ACTIVE') && error.repeated)) throw error
    }
  }

  /** All that is held on a person. */
  async export(id: string, options?: CallOptions): Promise<PersonalExport> {
    return (await this.#api.send('exportUser', { params: { id } }, options)).data
  }

  /** Takes a deleted user away for good, with all that is held on it. It cannot be undone. */
  async purge(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#api.send('purgeUser', { params: { id } }, options)
    } catch (error) {
      if (!(isApiError(error, 'USER_NOT_FOUND') && error.repeated)) throw error
    }
  }

  /**
   * Creates a user, and waits until reading and listing show it. Where an answer was lost and the address is taken now,
   * by a user that is just what was asked for and unchanged since, that is ours.
   * @throws NotConfirmedError
   */
  async createAndConfirm(user: NewUser, options: CallOptions & ConfirmOptions = {}): Promise<User> {
    const created = await this.create(user, options).catch(async (error: unknown) => {
      if (!isApiError(error, 'EMAIL_TAKEN') || !error.repeated) throw error
      const own = await eventually(() => this.#createdAs(user, options), `creation of ${user.email}`, options)
      if (own === 'foreign') throw error
      return own
    })
    const isShown = async () => {
      const [read, { items }] = await Promise.all([this.#find(created.id, options), this.#byId(created.id, options)])
      return read && items.length === 1 ? read : undefined
    }
    return eventually(isShown, `user ${created.id} was created, and is not shown`, options)
  }

  async #createdAs(user: NewUser, options: CallOptions): Promise<User | 'foreign' | undefined> {
    const { items } = await this.list({ email: user.email.trim() }, options)
    const [found] = items
    if (!found) return undefined
    return found.version === 1 && showsChange(found, user) ? found : 'foreign'
  }

  /**
   * Deletes a user, and waits until neither reading nor listing shows it any more.
   * @throws NotConfirmedError
   */
  async deleteAndConfirm(id: string, options: ChangeOptions & ConfirmOptions = {}): Promise<void> {
    await this.delete(id, options)
    const isGone = async () => {
      const [read, { items }] = await Promise.all([this.#find(id, options), this.#byId(id, options)])
      return read === undefined && items.length === 0 ? true : undefined
    }
    await eventually(isGone, `user ${id} was deleted, and is still shown`, options)
  }

  async #find(id: string, options: CallOptions): Promise<User | undefined> {
    return this.get(id, options).catch((error: unknown) => {
      if (isApiError(error, 'USER_NOT_FOUND')) return undefined
      throw error
    })
  }

  #byId(id: string, options: CallOptions): Promise<Page<User>> {
    return this.list({ filter: `id eq ${JSON.stringify(id)}`, total: 'none' }, options)
  }

  /** A retried change may be refused because of its own first success: then the user shows it, one version on. */
  async #orOwn(
    id: string,
    change: object,
    { ifVersion, ...options }: ChangeOptions,
    send: () => Promise<{ readonly data: User }>,
  ): Promise<User> {
    try {
      return (await send()).data
    } catch (error) {
      if (ifVersion === undefined || !isApiError(error, 'VERSION_MISMATCH') || !error.repeated) throw error
      const newer = async () => {
        const read = await this.get(id, options)
        return read.version > ifVersion ? read : undefined
      }
      const user = await seenAfter(error, newer, options)
      if (user.version === ifVersion + 1 && showsChange(user, change)) return user
      throw error
    }
  }
}
