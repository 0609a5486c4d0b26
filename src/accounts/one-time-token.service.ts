import { AppError, UserNotFoundError } from '../errors'
import type { UserAccess } from '../users/user-access.dao'
import { hashOfToken, isOfKind, newToken, TOKEN_TTL_MS, type TokenPurpose } from './one-time-token'
import type { OneTimeTokenDao, StoredToken } from './one-time-token.dao'

export interface OneTimeTokenDeps {
  readonly dao: OneTimeTokenDao
  readonly users: { access(id: string): Promise<UserAccess | undefined> }
  readonly clock: () => Date
}

/** The user whom a token speaks for. */
export interface TokenOwner extends UserAccess {
  /** When the token was issued. */
  readonly issuedAt: Date
}

/** A token without what makes it one. */
export interface TokenFacts {
  readonly purpose: TokenPurpose
  readonly email: string
  readonly created_at: string
  readonly expires_at: string
}

/**
 * Tokens that travel by mail: bound to a purpose, to a user, and to the address that they were sent to; good once and
 * for a while. Only their hashes are kept. Whatever is wrong with one, the error is the same.
 */
export class OneTimeTokenService {
  constructor(private readonly deps: OneTimeTokenDeps) {}

  /** The token's text: it is to be mailed to this address, and shown to nobody else. */
  async issue(purpose: TokenPurpose, user: Pick<UserAccess, 'id' | 'email'>): Promise<string> {
    const token = newToken(purpose)
    const created_at = this.deps.clock()
    const expires_at = new Date(created_at.getTime() + TOKEN_TTL_MS[purpose])
    const { id: user_id, email } = user
    await this.deps.dao.put({ user_id, purpose, email, hash: hashOfToken(token), created_at, expires_at })
    return token
  }

  /** Whose token it is; it stays good. @throws TOKEN_INVALID */
  async peek(purpose: TokenPurpose, token: string): Promise<TokenOwner> {
    return this.ownerOf(await this.deps.dao.find(purpose, this.hash(purpose, token), this.deps.clock()))
  }

  /** Uses it up: of all who try at once one succeeds. @throws TOKEN_INVALID */
  async take(purpose: TokenPurpose, token: string): Promise<TokenOwner> {
    return this.ownerOf(await this.deps.dao.take(purpose, this.hash(purpose, token), this.deps.clock()))
  }

  /** It is no longer good, whether it was or not. */
  async discard(purpose: TokenPurpose, token: string): Promise<void> {
    await this.deps.dao.take(purpose, hashOfToken(token), this.deps.clock())
  }

  /** All that were sent to the user are no longer good. */
  async revokeAll(userId: string): Promise<void> {
    await this.deps.dao.drop(userId)
  }

  async list(userId: string): Promise<readonly TokenFacts[]> {
    const tokens = await this.deps.dao.ofUser(userId)
    return tokens.map(({ purpose, email, created_at, expires_at }) => ({
      purpose,
      email,
      created_at: created_at.toISOString(),
      expires_at: expires_at.toISOString(),
    }))
  }

  private hash(purpose: TokenPurpose, token: string): string {
    if (!isOfKind(token, purpose)) throw tokenInvalid()
    return hashOfToken(token)
  }

  /**
   * A token outlives neither the address that it was sent to nor the password that its user had then; whoever is
   * disabled has none that is good.
   */
  private async ownerOf(token: StoredToken | undefined): Promise<TokenOwner> {
    const user = token && (await this.deps.users.access(token.user_id))
    if (!user || !isGood(token, user)) throw tokenInvalid()
    return { ...user, issuedAt: token.created_at }
  }
}

/** Whether what was mailed to an address still speaks for this user. */
export function isGood({ email, created_at }: Pick<StoredToken, 'email' | 'created_at'>, user: UserAccess): boolean {
  const ended = user.sessions_not_before
  return user.is_active && user.email === email && (ended === null || created_at > ended)
}

export function tokenInvalid(): AppError {
  return new AppError('TOKEN_INVALID')
}

/** A token of somebody who was deleted meanwhile is as bad as any other. */
export async function orTokenInvalid<T>(work: Promise<T | undefined>): Promise<T> {
  const found = await work.catch((error: unknown) => {
    if (error instanceof UserNotFoundError) return undefined
    throw error
  })
  if (found === undefined) throw tokenInvalid()
  return found
}
