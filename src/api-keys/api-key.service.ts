import type { People, Person } from '../auth/person'
import { AppError, ValidationError } from '../errors'
import { unauthenticated } from '../http/access'
import { requireHeld } from '../http/authority'
import { CachedReads } from '../http/cached-reads'
import type { Caller } from '../http/caller'
import type { Freshness, RevocationSource } from '../http/revocation'
import type { ApiKey } from './api-key'
import type { ApiKeyDao } from './api-key.dao'
import { isSecretOf, makeApiKey, parseApiKey, type PresentedApiKey } from './api-key-format'
import { type ApiKeyRecord, type ApiKeyView, presentApiKey, recordOf } from './api-key.presenter'

/** How many keys a person may have that are not revoked. */
export const API_KEYS_PER_PERSON_MAX = 100
/** How many keys a process keeps in memory: at least so many, at most twice as many. */
const KEYS_KEPT_MAX = 10_000
/** More revocations at once than this, and all copies are dropped. */
const REVOKED_MAX = 1_000
/** The use of a key is written down at most once in so many milliseconds, by all processes together. */
const USE_NOTED_EVERY_MS = 60_000
/** What is known of a key that is over is kept for so long, in milliseconds. */
const KEPT_AFTER_END_MS = 30 * 24 * 60 * 60 * 1_000

export interface NewApiKeyInput {
  readonly name: string
  readonly permissions: readonly string[]
  /** null or absent: without end. */
  readonly expires_at?: Date | null
}

/** A key that was made, with the one sight of itself. */
export interface MadeApiKeyView extends ApiKeyView {
  readonly key: string
}

export interface ApiKeyServiceDeps {
  readonly dao: ApiKeyDao
  readonly people: People
  readonly freshness: Freshness
  readonly clock: () => Date
}

/** A key in memory, with what follows from it and from the person as long as both stay the same. */
interface Kept {
  readonly key: ApiKey
  usedAt: number
  caller?: { readonly of: Person; readonly value: Caller }
}

/**
 * Keys with which programs call, made by people for themselves. At each use a key may do what it was made for, and of
 * that only what its maker may do now.
 */
export class ApiKeyService implements RevocationSource {
  private readonly keys: CachedReads<Kept>

  constructor(private readonly deps: ApiKeyServiceDeps) {
    this.keys = new CachedReads({
      read: async (id) => this.read(id),
      freshness: deps.freshness,
      max: KEYS_KEPT_MAX,
    })
  }

  /**
   * Who calls with this key: at once where everything is in memory. undefined: not a key, or a revoked or ended one, or
   * its maker is disabled or gone.
   */
  identify(text: string): Caller | undefined | Promise<Caller | undefined> {
    const presented = parseApiKey(text)
    if (!presented) return undefined
    const kept = this.keys.known(presented.id)
    const person = kept && this.deps.people.known(kept.key.user_id)
    return kept && person ? this.accept(kept, person, presented) : this.find(presented)
  }

  /** What a key may do now; undefined as with `identify`. For answers about a key, not for calls with one. */
  async callerOf(id: string): Promise<Caller | undefined> {
    const kept = await this.read(id)
    const person = kept && (await this.deps.people.find(kept.key.user_id))
    return kept && person ? this.callerFor(kept, person) : undefined
  }

  /** Whose key it is; undefined: there is no such key, or it was revoked. */
  async ownerOf(id: string): Promise<string | undefined> {
    return (await this.read(id))?.key.user_id
  }

  /**
   * @throws ValidationError; FORBIDDEN, naming each permission that the person lacks; API_KEY_LIMIT, CONFLICT;
   * UNAUTHENTICATED when the person is gone
   */
  async create(userId: string, input: NewApiKeyInput): Promise<MadeApiKeyView> {
    const now = this.deps.clock()
    const expires_at = input.expires_at ?? null
    if (expires_at && expires_at <= now) throw new ValidationError([EXPIRED])
    const person = await this.deps.people.find(userId)
    if (!person?.isActive) throw unauthenticated()
    requireHeld(person.permissions, input.permissions)
    const { key, id, hash } = makeApiKey()
    const dates = { created_at: now, expires_at, last_used_at: null, revoked_at: null }
    const kept = { id, user_id: userId, name: input.name, permissions: input.permissions, hash, ...dates }
    const purgeAt = expires_at && new Date(expires_at.getTime() + KEPT_AFTER_END_MS)
    if (!(await this.deps.dao.insert(kept, API_KEYS_PER_PERSON_MAX, purgeAt))) throw new AppError('API_KEY_LIMIT')
    return { ...presentApiKey(kept), key }
  }

  /** Newest first, without those that were revoked. */
  async listFor(userId: string): Promise<readonly ApiKeyView[]> {
    const keys = await this.deps.dao.listOf(userId)
    return keys.filter(({ revoked_at }) => revoked_at === null).map(presentApiKey)
  }

  /** Other processes follow within a second. @throws API_KEY_NOT_FOUND */
  async revoke(userId: string, id: string): Promise<void> {
    const now = this.deps.clock()
    const purgeAt = new Date(now.getTime() + KEPT_AFTER_END_MS)
    if (!(await this.deps.dao.revoke(id, userId, now, purgeAt))) throw new AppError('API_KEY_NOT_FOUND')
    this.keys.drop([id])
  }

  /** All that is held on the keys of a person, the revoked among them. */
  async exportFor(userId: string): Promise<readonly ApiKeyRecord[]> {
    return (await this.deps.dao.listOf(userId)).map(recordOf)
  }

  /** @returns how many there were. */
  async removeAllOf(userId: string): Promise<number> {
    return this.deps.dao.removeAllOf(userId)
  }

  async changedSince(since: Date): Promise<readonly string[] | 'all'> {
    const ids = await this.deps.dao.revokedSince(since, REVOKED_MAX)
    return ids.length < REVOKED_MAX ? ids : 'all'
  }

  drop(keys: readonly string[] | 'all'): void {
    this.keys.drop(keys)
  }

  private async find(presented: PresentedApiKey): Promise<Caller | undefined> {
    const kept = this.keys.known(presented.id) ?? (await this.keys.find(presented.id))
    if (!kept) return undefined
    const { people } = this.deps
    const person = people.known(kept.key.user_id) ?? (await people.find(kept.key.user_id))
    return person && this.accept(kept, person, presented)
  }

  private accept(kept: Kept, person: Person, { secret }: PresentedApiKey): Caller | undefined {
    if (!isSecretOf(secret, kept.key.hash)) return undefined
    const caller = this.callerFor(kept, person)
    if (caller) this.noteUse(kept)
    return caller
  }

  private callerFor(kept: Kept, person: Person): Caller | undefined {
    const { expires_at } = kept.key
    if (!person.isActive || (expires_at !== null && expires_at <= this.deps.clock())) return undefined
    if (kept.caller?.of !== person) kept.caller = { of: person, value: callerOf(kept.key, person) }
    return kept.caller.value
  }

  /** Beside the call, which it neither delays nor fails. */
  private noteUse(kept: Kept): void {
    const now = this.deps.clock()
    if (now.getTime() - kept.usedAt < USE_NOTED_EVERY_MS) return
    kept.usedAt = now.getTime()
    const since = new Date(now.getTime() - USE_NOTED_EVERY_MS)
    this.deps.dao.noteUse(kept.key.id, now, since).catch(() => undefined)
  }

  private async read(id: string): Promise<Kept | undefined> {
    const key = await this.deps.dao.find(id)
    return key?.revoked_at === null ? { key, usedAt: key.last_used_at?.getTime() ?? 0 } : undefined
  }
}

function callerOf(key: ApiKey, { id, roles, permissions }: Person): Caller {
  const held = key.permissions.filter((permission) => permissions === 'all' || permissions.has(permission))
  return { kind: 'api_key', userId: id, keyId: key.id, roles, permissions: new Set(held) }
}

const EXPIRED = { field: 'expires_at', code: 'date.past', message: 'expires_at must lie in the future' }
