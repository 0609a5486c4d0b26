import { type ApiError, IncompleteListError, isApiError, UnexpectedAnswerError } from './errors'
import { type ConfirmOptions, eventually } from './eventually'
import type { CallOptions, Requester } from './requester'
import { fillPath, type Query } from './url'

const NOT_FOUND = 404
const PAGE_SIZE = 100

/**
 * Users of any REST service: `POST`, `GET` and `GET /{id}`, `PUT` and `DELETE` below one path. `T` is whatever it keeps.
 */
export class RestUsersClient<T extends { readonly id: string }> {
  readonly #requester: Requester
  readonly #path: string
  readonly #close: () => Promise<void>

  constructor(requester: Requester, path: string, close: () => Promise<void>) {
    this.#requester = requester
    this.#path = `/${path.replace(/^\/+|\/+$/g, '')}`
    this.#close = close
  }

  /** A service that knows no Idempotency-Key would create twice: an answer that was lost is an error. */
  async create(user: Omit<T, 'id'>, options?: CallOptions): Promise<T> {
    const call = { method: 'POST', path: this.#path, body: user, repeat: 'never' } as const
    return (await this.#requester.send<T>(call, options)).data
  }

  async get(id: string, options?: CallOptions): Promise<T> {
    const call = { method: 'GET', path: this.#member(id), repeat: 'always' } as const
    return (await this.#requester.send<T>(call, options)).data
  }

  /** `query` is the service's own: `{ page: 2, limit: 10 }` at MockAPI. */
  async list(query?: Query, options?: CallOptions): Promise<readonly T[]> {
    const call = { method: 'GET', path: this.#path, query, repeat: 'always' } as const
    const { data, call: facts } = await this.#requester.send<readonly T[]>(call, options)
    if (!isList(data)) throw new UnexpectedAnswerError('The answer is not a list', facts)
    return data
  }

  /**
   * Page after page, `page` and `limit` in the query, until one comes back empty. A service that knows no pages gives
   * everything at once, and again.
   * @throws IncompleteListError when the same full page comes again: there may be more that is never shown
   */
  async *each(query: Query = {}, limit = PAGE_SIZE, options?: CallOptions): AsyncGenerator<T> {
    let before: string | undefined
    for (let page = 1; ; page += 1) {
      const users = await this.list({ ...query, page, limit }, options)
      if (users.length === 0) return
      const ids = JSON.stringify(users.map(({ id }) => id))
      if (ids === before) {
        if (page === 2 && users.length !== limit) return
        throw new IncompleteListError('The same page came again: does the service know page and limit?')
      }
      before = ids
      yield* users
    }
  }

  async update(id: string, fields: Partial<Omit<T, 'id'>>, options?: CallOptions): Promise<T> {
    const call = { method: 'PUT', path: this.#member(id), body: fields, repeat: 'always' } as const
    return (await this.#requester.send<T>(call, options)).data
  }

  async delete(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#requester.send({ method: 'DELETE', path: this.#member(id), repeat: 'always' }, options)
    } catch (error) {
      if (!(isNotFound(error) && error.repeated)) throw error
    }
  }

  /** Deletes, and waits until the service does not know the user any more. @throws NotConfirmedError */
  async deleteAndConfirm(id: string, options: CallOptions & ConfirmOptions = {}): Promise<void> {
    await this.delete(id, options)
    const isGone = async () => ((await this.#find(id, options)) === undefined ? true : undefined)
    await eventually(isGone, `user ${id} was deleted, and is still shown`, options)
  }

  /** Creates, and waits until the service shows the user. @throws NotConfirmedError */
  async createAndConfirm(user: Omit<T, 'id'>, options: CallOptions & ConfirmOptions = {}): Promise<T> {
    const { id } = await this.create(user, options)
    return eventually(() => this.#find(id, options), `user ${id} was created, and is not shown`, options)
  }

  close(): Promise<void> {
    return this.#close()
  }

  #member(id: string): string {
    return `${this.#path}/${fillPath('{id}', { id })}`
  }

  async #find(id: string, options: CallOptions): Promise<T | undefined> {
    return this.get(id, options).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
  }
}

function isNotFound(error: unknown): error is ApiError {
  return isApiError(error) && error.status === NOT_FOUND
}

/** What other services answer is not known before it is looked at. */
function isList(data: unknown): boolean {
  return Array.isArray(data)
}
