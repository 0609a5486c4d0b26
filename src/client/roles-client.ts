import { changeInRounds } from './change'
import { isApiError } from './errors'
import { ifMatch } from './etag'
import type { Operator } from './operations'
import { seenAfter, showsChange } from './own-success'
import { type Page, readPage, readServedPage, WALK_PAGE_SIZE, walkItems } from './pages'
import type { CallOptions } from './requester'
import type { NewRole, Operations, Role, RolePatch, RoleReplacement } from './types.gen'
import type { ChangeOptions } from './users-client'

export type RoleQuery = Operations['listRoles']['query']
export type RoleWalk = Omit<RoleQuery, 'page' | 'cursor'>

/** `/roles`. */
export class RolesClient {
  readonly #api: Operator

  constructor(api: Operator) {
    this.#api = api
  }

  async create(role: NewRole, options?: CallOptions): Promise<Role> {
    try {
      return (await this.#api.send('createRole', { body: role }, options)).data
    } catch (error) {
      if (!isApiError(error, 'ROLE_TAKEN') || !error.repeated) throw error
      const found = await seenAfter(error, () => this.#find(role.name, options), options ?? {})
      if (found.version === 1 && showsChange(found, role)) return found
      throw error
    }
  }

  async get(name: string, options?: CallOptions): Promise<Role> {
    return (await this.#api.send('getRole', { params: { name } }, options)).data
  }

  async list(query: RoleQuery = {}, options?: CallOptions): Promise<Page<Role>> {
    return readPage(await this.#api.send('listRoles', { query }, options))
  }

  /** Every role, to the end. */
  each({ page_size: pageSize = WALK_PAGE_SIZE, ...query }: RoleWalk = {}, options?: CallOptions): AsyncGenerator<Role> {
    const load = async (cursor: string | undefined) => {
      const input = { query: { ...query, page_size: pageSize, cursor } }
      return readServedPage(await this.#api.send('listRoles', input, options))
    }
    return walkItems({ load, pageSize, estimated: query.total === 'estimate', signal: options?.signal })
  }

  async replace(name: string, body: RoleReplacement, options: ChangeOptions = {}): Promise<Role> {
    return this.#orOwn(name, body, options, () =>
      this.#api.send('replaceRole', { params: { name }, body }, options, ifMatch(options.ifVersion)),
    )
  }

  async patch(name: string, body: RolePatch, options: ChangeOptions = {}): Promise<Role> {
    return this.#orOwn(name, body, options, () =>
      this.#api.send('patchRole', { params: { name }, body }, options, ifMatch(options.ifVersion)),
    )
  }

  /** As `users.update`: reads, changes, writes, and begins anew when somebody else was faster. */
  update(
    name: string,
    change: (role: Role) => RolePatch | undefined | Promise<RolePatch | undefined>,
    options: CallOptions = {},
  ): Promise<Role> {
    return changeInRounds({
      read: () => this.get(name, options),
      change,
      write: (role, patch) => this.patch(name, patch, { ...options, ifVersion: role.version }),
      signal: options.signal,
    })
  }

  /** `force` takes the role from those who hold it. */
  async delete(name: string, options: ChangeOptions & { force?: boolean } = {}): Promise<void> {
    const input = { params: { name }, query: options.force ? { force: true } : {} }
    try {
      await this.#api.send('deleteRole', input, options, ifMatch(options.ifVersion))
    } catch (error) {
      if (!(isApiError(error, 'ROLE_NOT_FOUND') && error.repeated)) throw error
    }
  }

  /** A retried change may be refused because of its own first success: a version too old, a name that it gave up. */
  async #orOwn(
    name: string,
    change: RolePatch,
    { ifVersion, ...options }: ChangeOptions,
    send: () => Promise<{ readonly data: Role }>,
  ): Promise<Role> {
    try {
      return (await send()).data
    } catch (error) {
      const renamed = isApiError(error, 'ROLE_NOT_FOUND') && change.name !== undefined && change.name !== name
      const isLate = ifVersion !== undefined && isApiError(error, 'VERSION_MISMATCH')
      if (!(renamed || isLate) || !error.repeated) throw error
      const newer = async () => {
        const read = await this.#find(change.name ?? name, options)
        return ifVersion === undefined || (read && read.version > ifVersion) ? read : undefined
      }
      const role = await seenAfter(error, newer, options)
      const isNext = ifVersion === undefined || role.version === ifVersion + 1
      if (isNext && showsChange(role, change)) return role
      throw error
    }
  }

  async #find(name: string, options?: CallOptions): Promise<Role | undefined> {
    return this.get(name, options).catch((error: unknown) => {
      if (isApiError(error, 'ROLE_NOT_FOUND')) return undefined
      throw error
    })
  }
}
