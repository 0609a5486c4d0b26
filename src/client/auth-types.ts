import type { User } from './types.gen'

/** A pair of tokens, as the service gives it. */
export interface Tokens {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** How long the access token is good, in seconds. */
  readonly expires_in: number
  readonly refresh_token: string
  readonly refresh_expires_in: number
  readonly session_id: string
}

export interface LoggedIn extends Tokens {
  readonly user: User
}

export interface Login {
  readonly email: string
  readonly password: string
  /** Of the authenticator, or a recovery code, where an authenticator is active. */
  readonly code?: string | undefined
}

export interface Me extends User {
  readonly permissions: readonly string[]
}

export interface Session {
  readonly id: string
  readonly device: string | null
  readonly address: string
  readonly created_at: string
  readonly last_used_at: string
  readonly expires_at: string
  /** The one that asks. */
  readonly current: boolean
}

export interface NewApiKey {
  readonly name: string
  readonly permissions: readonly string[]
  /** null or absent: never. */
  readonly expires_at?: string | null | undefined
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly permissions: readonly string[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
}

export interface MadeApiKey extends ApiKey {
  /** Shown this once. */
  readonly key: string
}

export interface Registration {
  readonly name?: string | undefined
  readonly first_name?: string | null | undefined
  readonly last_name?: string | null | undefined
  readonly email: string
  readonly password: string
  readonly age?: number | null | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}
