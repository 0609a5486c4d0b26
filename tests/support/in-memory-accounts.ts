import { Writable } from 'node:stream'
import { Background } from '../../src/accounts/background'
import type { EmailChange, EmailChangeDao } from '../../src/accounts/email-change.dao'
import type { OneTimeTokenDao, StoredToken } from '../../src/accounts/one-time-token.dao'
import type { RateLimiter } from '../../src/limits/rate-limiter'
import { AccountMails } from '../../src/mail/account-mails'
import type { Mail } from '../../src/mail/mailer'
import { createLogger } from '../../src/observability/logger'
import type { UserAccess } from '../../src/users/user-access.dao'

export const NOW = new Date('2026-03-01T12:00:00.000Z')

export class InMemoryTokenDao implements OneTimeTokenDao {
  readonly tokens = new Map<string, StoredToken>()

  put(token: StoredToken) {
    this.tokens.set(`${token.purpose}:${token.user_id}`, token)
    return Promise.resolve()
  }

  find(purpose: string, hash: string, now: Date) {
    const found = [...this.tokens.values()].find((token) => token.purpose === purpose && token.hash === hash)
    return Promise.resolve(found && found.expires_at > now ? found : undefined)
  }

  async take(purpose: string, hash: string, now: Date) {
    const found = await this.find(purpose, hash, now)
    if (found) this.tokens.delete(`${purpose}:${found.user_id}`)
    return found
  }

  ofUser(userId: string) {
    return Promise.resolve([...this.tokens.values()].filter(({ user_id }) => user_id === userId))
  }

  drop(userId: string) {
    for (const [key, { user_id }] of this.tokens) if (user_id === userId) this.tokens.delete(key)
    return Promise.resolve()
  }
}

export class InMemoryEmailChangeDao implements EmailChangeDao {
  readonly changes = new Map<string, EmailChange>()

  put(change: EmailChange) {
    this.changes.set(change.user_id, change)
    return Promise.resolve()
  }

  confirm(side: 'old' | 'new', hash: string, now: Date) {
    const found = [...this.changes.values()].find((change) => change[side].hash === hash)
    if (found?.[side].confirmed_at !== null || found.expires_at <= now) return Promise.resolve(undefined)
    const changed = { ...found, [side]: { hash, confirmed_at: now } }
    this.changes.set(found.user_id, changed)
    return Promise.resolve(changed)
  }

  unconfirm(side: 'old' | 'new', hash: string) {
    for (const [key, change] of this.changes) {
      if (change[side].hash === hash) this.changes.set(key, { ...change, [side]: { hash, confirmed_at: null } })
    }
    return Promise.resolve()
  }

  find(userId: string, now: Date) {
    const found = this.changes.get(userId)
    return Promise.resolve(found && found.expires_at > now ? found : undefined)
  }

  drop(userId: string) {
    this.changes.delete(userId)
    return Promise.resolve()
  }
}

export function userAccess(more: Partial<UserAccess> = {}): UserAccess {
  return {
    id: 'u1',
    name: 'Ann',
    email: 'ann@example.com',
    email_verified: false,
    is_active: true,
    has_password: true,
    grants: [],
    sessions_not_before: null,
    ...more,
  }
}

/** Everything that account services need beside users: what was sent and limited can be looked at. */
export function accountSurroundings() {
  const sent: Mail[] = []
  let log = ''
  const sink = new Writable({ decodeStrings: false, write: (chunk: string, _, done) => done(void (log += chunk)) })
  const mailer = {
    ensureAvailable: jest.fn(),
    send: (mail: Mail) => void sent.push(mail),
    drain: async () => undefined,
  }
  const rates = { limit: jest.fn<Promise<Record<string, string>>, [string, string]>(async () => ({})) }
  return {
    sent,
    mailer,
    log: () => log,
    mails: new AccountMails(mailer, { serviceUrl: 'http://127.0.0.1:8000', publicUrl: undefined }),
    rates: rates satisfies RateLimiter as typeof rates & RateLimiter,
    background: new Background(createLogger({ logLevel: 'debug', logFormat: 'json' }, sink)),
  }
}
