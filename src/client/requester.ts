import { type AnswerStyle, readAnswer } from './answer'
import { sendOnce } from './attempt'
import type { Clock } from './clock'
import type { TokenKeeper } from './credentials'
import { type CallFacts, isApiError } from './errors'
import { newId } from './new-id'
import type { RetryBudget } from './retry-budget'
import type { Backoff } from './retry-timing'
import { type Attempt, type RetryEvent, retrying } from './retrying'
import { isTransient, mayHaveHappened } from './transient'
import type { HttpAnswer, HttpRequest, Transport } from './transport'
import { type BaseUrl, type Query, queryText } from './url'

/** What a caller may say about one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** For each attempt, in milliseconds. */
  readonly timeoutMs?: number | undefined
  /** For all attempts and the waits between them, in milliseconds. */
  readonly totalTimeoutMs?: number | undefined
  readonly retries?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** 1 to 128 of `[A-Za-z0-9._-]`; made up unless given. */
  readonly requestId?: string | undefined
  /** For POST, in place of a random one: the same key from another process is the same request. */
  readonly idempotencyKey?: string | undefined
}

/**
 * Whether an attempt may follow one that may have taken effect. always: doing it twice is doing it once. with-key: the
 * Idempotency-Key makes it so. never: it would be done twice.
 */
export type Repeat = 'always' | 'with-key' | 'never'

export interface Call {
  readonly method: string
  readonly path: string
  readonly query?: Query | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly repeat: Repeat
  /** Carries no credentials: logging in, refreshing. */
  readonly anonymous?: boolean | undefined
}

export interface Answer<T> {
  readonly data: T
  readonly status: number
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  readonly call: CallFacts
}

/** What the client says about its requests: never a header, a body or a query. */
export interface ClientLog {
  readonly debug: (message: string, fields: Readonly<Record<string, unknown>>) => void
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

export interface RequesterSettings {
  readonly base: BaseUrl
  readonly transport: Transport
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly totalTimeoutMs: number
  readonly retries: number
  readonly backoff: Backoff
  readonly budget: RetryBudget | undefined
  readonly answers: AnswerStyle
  readonly tokens: TokenKeeper
  /** Asks for the next pair of tokens. */
  readonly renew: ((refused: string | undefined) => Promise<boolean>) | undefined
  readonly log: ClientLog | undefined
  readonly clock: Clock
  readonly random: () => number
}

/** A call on its way: what its attempts share. */
interface Journey {
  readonly call: Call
  readonly options: CallOptions
  readonly request: HttpRequest
  readonly requestId: string
  bearer: string | undefined
  attempts: number
  repeated: boolean
}

/** Sends calls: headers, time-outs, retries, credentials, errors. Everything that every route shares. */
export class Requester {
  readonly #settings: RequesterSettings

  constructor(settings: RequesterSettings) {
    this.#settings = settings
  }

  /** @throws ApiError, NetworkError, TimeoutError, UnexpectedAnswerError, or the reason of the caller's signal */
  async send<T>(call: Call, options: CallOptions = {}): Promise<Answer<T>> {
    const { clock, renew } = this.#settings
    const totalMs = options.totalTimeoutMs ?? this.#settings.totalTimeoutMs
    const end = clock.now() + totalMs
    const journey = this.#journey(call, options)
    try {
      return await this.#tryFor<T>(journey, totalMs)
    } catch (error) {
      if (call.anonymous || !renew || !isApiError(error, 'UNAUTHENTICATED')) throw error
      if (!(await renew(journey.bearer))) throw error
      return this.#tryFor<T>(journey, end - clock.now())
    }
  }

  #tryFor<T>(journey: Journey, totalTimeoutMs: number): Promise<Answer<T>> {
    const { budget, clock, random, backoff, retries } = this.#settings
    return retrying((attempt) => this.#attempt<T>(journey, attempt), {
      retries: journey.options.retries ?? retries,
      totalTimeoutMs,
      backoff,
      budget,
      clock,
      random,
      signal: journey.options.signal,
      isRetryable: (error) => mayRetry(journey, error),
      onRetry: (event) => this.#onRetry(journey, event),
    })
  }

  async #attempt<T>(journey: Journey, { remainingMs }: Attempt): Promise<Answer<T>> {
    const { transport, tokens, answers, clock, log } = this.#settings
    const { call, options, requestId } = journey
    const attempts = (journey.attempts += 1)
    const facts = { method: call.method, path: call.path, requestId, attempts, repeated: journey.repeated }
    const headers: Record<string, string> = {
      ...journey.request.headers,
      'x-request-id': attempts === 1 ? requestId : `${requestId}.${attempts}`,
    }
    journey.bearer = call.anonymous ? undefined : tokens.bearer
    if (journey.bearer !== undefined) headers['authorization'] = `Bearer ${journey.bearer}`
    const timeoutMs = Math.min(options.timeoutMs ?? this.#settings.timeoutMs, remainingMs)

    const begin = log ? clock.now() : 0
    const answer = await sendOnce(transport, { ...journey.request, headers }, facts, timeoutMs, options.signal)
    log?.debug('answered', { ...logged(facts), status: answer.status, ms: Math.round(clock.now() - begin) })
    return answered<T>(answer, answers, facts, clock.now())
  }

  #onRetry(journey: Journey, { error, delayMs }: RetryEvent): void {
    journey.repeated ||= mayHaveHappened(error)
    const { method, path } = journey.call
    const why = error instanceof Error ? error.message : String(error)
    const { requestId, attempts } = journey
    this.#settings.log?.warn('retrying', { method, path, requestId, attempts, why, delayMs: Math.round(delayMs) })
  }

  #journey(call: Call, options: CallOptions): Journey {
    const { base, headers: shared } = this.#settings
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const headers: Record<string, string> = { accept: 'application/json', ...shared, ...call.headers }
    if (body !== undefined) headers['content-type'] ??= 'application/json'
    if (call.repeat === 'with-key') headers['idempotency-key'] = options.idempotencyKey ?? newId()
    if (options.headers) Object.assign(headers, options.headers)
    const target = base.prefix + call.path + queryText(call.query)
    return {
      call,
      options,
      request: { method: call.method, target, headers, body },
      requestId: options.requestId ?? newId(),
      bearer: undefined,
      attempts: 0,
      repeated: false,
    }
  }
}

function mayRetry({ call, repeated }: Journey, error: unknown): boolean {
  // Our own first attempt is still at work there: its answer is what we want.
  if (repeated && isApiError(error) && error.code === 'IDEMPOTENCY_CONFLICT') return true
  return isTransient(error) && (call.repeat !== 'never' || !mayHaveHappened(error))
}

function answered<T>(answer: HttpAnswer, style: AnswerStyle, call: CallFacts, nowMs: number): Answer<T> {
  const data = readAnswer(answer, style, call, nowMs) as T
  return { data, status: answer.status, header: answer.header, call }
}

function logged({ method, path, requestId, attempts }: CallFacts): Record<string, unknown> {
  return { method, path, requestId, attempts }
}
