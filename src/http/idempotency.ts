import { createHmac, randomUUID } from 'node:crypto'
import type { Logger } from 'winston'
import { AppError, ERRORS, type FieldError } from '../errors'
import { networkOf } from '../limits/address'
import type { RateLimiter } from '../limits/rate-limiter'
import type { Digest } from '../secrets/keyed-digest'
import { type Caller, can } from './caller'
import type { EffectName, Holder } from './effect'
import { failureReply } from './error-handler'
import type { Claim, IdempotencyStore, KeptReply } from './idempotency-store'
import type { Input, Reply, Route } from './route'

export const IDEMPOTENCY_KEY = 'Idempotency-Key'
export const IDEMPOTENCY_REPLAYED = 'Idempotency-Replayed'
/** How long an answer is kept, in milliseconds. */
export const ANSWER_KEPT_MS = 24 * 60 * 60 * 1_000
/** How long an attempt that gives no sign of life keeps others out, in milliseconds. */
export const LEASE_MS = 3_000
/** How often an attempt at work gives a sign of life, in milliseconds. */
const RENEW_MS = 1_000
/** What is kept of one answer; a larger one is given, and not kept. */
export const ANSWER_BYTES_MAX = 1_048_576

/** Printable ASCII, 1 to 255 characters. */
const KEY = /^[\x20-\x7e]{1,255}$/
const HEADER = IDEMPOTENCY_KEY.toLowerCase()

type Handle = Route['handle']

/** Sees to it that a request which is sent again is not done again (draft-ietf-httpapi-idempotency-key-header-07). */
export interface Idempotency {
  /** What the row does, once for each key. */
  guard(row: Route): Handle
}

/** For a service without a store, and for tests of what lies behind. */
export const unguarded: Idempotency = { guard: ({ handle }) => handle }

/** Answers with secrets are not kept, so these rows take no key. */
export function takesKey({ method, secret }: Pick<Route, 'method' | 'secret'>): boolean {
  return method === 'post' && !secret
}

/** What is wrong with the key of a request, for a POST. */
export function keyProblem(row: Route, key: string | string[] | undefined): FieldError | undefined {
  if (key === undefined || row.method !== 'post') return undefined
  const problem = (code: string, message: string) => ({ field: IDEMPOTENCY_KEY, code, message })
  if (!takesKey(row)) {
    return problem(
      'idempotency.secret',
      `${IDEMPOTENCY_KEY} is refused here: the answer carries a secret, and is not kept`,
    )
  }
  if (typeof key === 'string' && KEY.test(key)) return undefined
  return problem('idempotency.key', `${IDEMPOTENCY_KEY} must be 1 to 255 printable ASCII characters`)
}

export interface IdempotencySettings {
  readonly store: IdempotencyStore
  readonly logger: Logger
  readonly validationStatus: number
  readonly rates: RateLimiter
  /** Of callers, keys and requests, for the store: nobody who reads it can try out what they may have been. */
  readonly digest: Digest
  /** Turns errors of the store into ours; any other passes through. */
  readonly translate: (error: unknown) => unknown
}

/**
 * Keeps the first answer to a key, and gives it again. The claim on a key is written before the work begins, and names
 * what the work makes: where an attempt breaks off (its process dies, or it ends with an answer that asks for another
 * try), the next one resumes under the same name.
 */
export class KeptAnswers implements Idempotency {
  constructor(private readonly settings: IdempotencySettings) {}

  guard(row: Route): Handle {
    if (!takesKey(row)) return row.handle
    return (input) => {
      const key = input.headers[HEADER]
      return key === undefined ? row.handle(input) : this.once(row, input, String(key))
    }
  }

  private async once(row: Route, input: Input, key: string): Promise<Reply> {
    const caller = nameOf(input)
    if (!mayStore(input.caller)) await this.settings.rates.limit('keys', caller)
    const claim = this.claim(row, input, caller, key)
    const begun = await this.settings.store.begin(claim)
    switch (begun.kind) {
      case 'kept':
        return replayed(begun.reply)
      case 'mismatch':
        throw new AppError('IDEMPOTENCY_MISMATCH')
      case 'in_flight':
        throw atWork(begun.waitMs)
      case 'owned':
        return this.work(row, input, claim, begun.effect)
    }
  }

  private async work(row: Route, input: Input, claim: Claim, name: EffectName): Promise<Reply> {
    const { store } = this.settings
    const signs = setInterval(() => void this.settle(store.renew(claim)), RENEW_MS)
    try {
      const effect = { ...name, remember: (holder: Holder) => store.remember(claim, holder) }
      const reply = await row.handle({ ...input, effect })
      await this.settle(this.keep(claim, reply))
      return reply
    } catch (thrown) {
      const error = this.settings.translate(thrown)
      await this.settle(isFinal(error) ? this.keep(claim, this.failed(error, input)) : store.release(claim))
      throw error
    } finally {
      clearInterval(signs)
    }
  }

  private keep(claim: Claim, reply: Reply): Promise<void> {
    const kept = keptReply(reply)
    if (Buffer.byteLength(kept.dataJson) <= ANSWER_BYTES_MAX) return this.settings.store.keep(claim, kept)
    this.settings.logger.warn('An answer is too large to be kept', { status: reply.status })
    return this.settings.store.release(claim)
  }

  private failed(error: AppError, { requestId }: Input): Reply {
    return failureReply(error, requestId, this.settings.validationStatus)
  }

  private claim({ operation }: Route, { params, query, body }: Input, caller: string, key: string): Claim {
    const { digest } = this.settings
    // The key alone knows what was asked for: a body may hold a password, and its plain digest could be guessed.
    const request = createHmac('sha256', key)
      .update(stableText([operation, params, query, body]))
      .digest('hex')
    return { id: digest(`${caller}\n${key}`), fingerprint: digest(request), owner: randomUUID() }
  }

  /** The work is done, and its answer is due whatever the store says: an attempt that comes later resumes. */
  private async settle(step: Promise<void>): Promise<void> {
    await step.catch((error: unknown) => this.settings.logger.warn('A kept answer could not be written', { error }))
  }
}

/** Whoever comes back then finds the answer, or takes up what a process left that died. */
function atWork(waitMs: number): AppError {
  return new AppError('IDEMPOTENCY_CONFLICT', { headers: { 'Retry-After': String(Math.ceil(waitMs / 1_000)) } })
}

/** Not those that ask for another try, nor those that nobody foresaw. */
function isFinal(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false
  const { status } = ERRORS[error.code]
  return status < 500 && status !== ERRORS.RATE_LIMITED.status && error.code !== 'CONFLICT'
}

/** Whose key it is. A person is the same one in every session; whoever is nobody, the same one in a network. */
function nameOf({ caller: { kind, keyId, userId }, client }: Input): string {
  if (keyId !== undefined) return `key:${keyId}`
  if (userId !== undefined) return `user:${userId}`
  return kind === 'anonymous' ? `anonymous:${networkOf(client.address)}` : kind
}

/** Who may make users or roles fills the store as it likes; of anybody else it takes so many keys, and no more. */
function mayStore(caller: Caller): boolean {
  return can(caller, 'users:write') || can(caller, 'roles:write')
}

/** JSON in which the order of fields makes no difference. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function keptReply({ data, ...rest }: Reply): KeptReply {
  const { id } = (data ?? {}) as { readonly id?: unknown }
  return { ...rest, dataJson: JSON.stringify(data ?? null), subject: typeof id === 'string' ? id : undefined }
}

function replayed({ dataJson, status, message, headers }: KeptReply): Reply {
  return { status, message, data: JSON.parse(dataJson), headers: { ...headers, [IDEMPOTENCY_REPLAYED]: 'true' } }
}
