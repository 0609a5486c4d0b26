import type { AnswerStyle } from './answer'
import { askForNext, AuthClient } from './auth-client'
import { type Clock, systemClock } from './clock'
import { type Credentials, type KeeperOptions, TokenKeeper } from './credentials'
import { HealthClient } from './health-client'
import { type OperationData, type OperationInput, type OperationName, Operator } from './operations'
import { platformTransport } from './platform-transport'
import { type CallOptions, type ClientLog, Requester } from './requester'
import { RestUsersClient } from './rest-users-client'
import { RetryBudget } from './retry-budget'
import { type Backoff, DEFAULT_BACKOFF } from './retry-timing'
import { DEFAULT_RETRIES } from './retrying'
import { RolesClient } from './roles-client'
import type { Transport } from './transport'
import { readBaseUrl } from './url'
import { UsersClient } from './users-client'

const TIMEOUT_MS = 10_000
const TOTAL_TIMEOUT_MS = 60_000
const CONNECTIONS = 64

export interface ClientOptions extends Credentials, KeeperOptions {
  /** `http://127.0.0.1:8000`; a path in it stands before every other. */
  readonly baseUrl: string
  /** For each attempt, in milliseconds. */
  readonly timeoutMs?: number | undefined
  /** For all attempts of a call and the waits between them, in milliseconds. */
  readonly totalTimeoutMs?: number | undefined
  /** How often a call is tried again. */
  readonly retries?: number | undefined
  readonly backoff?: Partial<Backoff> | undefined
  /** null: retries without a budget. One that several clients share is for several clients of one server. */
  readonly retryBudget?: RetryBudget | null | undefined
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Connections at most, in Node. */
  readonly connections?: number | undefined
  readonly transport?: Transport | undefined
  readonly log?: ClientLog | undefined
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
}

/** The client of the service. It may be shared by everything that calls as the same user; `close` it at the end. */
export class RollcallClient {
  readonly users: UsersClient
  readonly roles: RolesClient
  readonly auth: AuthClient
  readonly health: HealthClient
  readonly #transport: Transport
  readonly #operator: Operator

  constructor(options: ClientOptions) {
    const { operator, tokens, transport } = connected(options, 'envelope')
    this.#transport = transport
    this.#operator = operator
    this.users = new UsersClient(this.#operator)
    this.roles = new RolesClient(this.#operator)
    this.auth = new AuthClient(this.#operator, tokens)
    this.health = new HealthClient(this.#operator)
  }

  /** Any operation of the OpenAPI document by its operationId, typed: `client.call('getUser', { params: { id } })`. */
  async call<Name extends OperationName>(
    name: Name,
    input: OperationInput<Name>,
    options?: CallOptions,
  ): Promise<OperationData<Name>> {
    return (await this.#operator.send(name, input, options)).data
  }

  /** Ends open calls and lets go of connections. */
  close(): Promise<void> {
    return this.#transport.close()
  }
}

export interface RestUsersOptions extends ClientOptions {
  /** Where the users are, below the base URL: `/users` unless told. */
  readonly resourcePath?: string | undefined
  /** plain unless told: the body is the data itself. */
  readonly answers?: AnswerStyle | undefined
}

/** A client for any other REST service that keeps users, MockAPI for instance, with the same retries and time-outs. */
export function restUsersClient<T extends { readonly id: string }>(options: RestUsersOptions): RestUsersClient<T> {
  const { requester, transport } = connected(options, options.answers ?? 'plain')
  return new RestUsersClient<T>(requester, options.resourcePath ?? '/users', () => transport.close())
}

function connected(options: ClientOptions, answers: AnswerStyle) {
  const { clock = systemClock, random = Math.random, connections = CONNECTIONS } = options
  const base = readBaseUrl(options.baseUrl)
  const tokens = new TokenKeeper(options, options)
  const transport = options.transport ?? platformTransport({ origin: base.origin, connections })
  const requester: Requester = new Requester({
    base,
    transport,
    headers: lowerCased(options.headers ?? {}),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    totalTimeoutMs: options.totalTimeoutMs ?? TOTAL_TIMEOUT_MS,
    retries: options.retries ?? DEFAULT_RETRIES,
    backoff: { ...DEFAULT_BACKOFF, ...options.backoff },
    budget: options.retryBudget === null ? undefined : (options.retryBudget ?? new RetryBudget({ clock })),
    answers,
    tokens,
    renew: (refused) => tokens.renew(refused, (token) => askForNext(operator, token)),
    log: options.log,
    clock,
    random,
  })
  const operator = new Operator(requester)
  return { requester, operator, tokens, transport }
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
