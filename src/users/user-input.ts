import type { Metadata } from './user'

/** A body that creates a user, as its schema lets it through. */
export interface CreateUserInput {
  readonly name?: string
  readonly first_name?: string | null
  readonly last_name?: string | null
  readonly email: string
  readonly password?: string
  readonly age?: number | null
  readonly is_active?: boolean
  readonly roles?: readonly string[]
  readonly metadata?: Metadata
}

/** Fields that a client may send back as it read them. */
export interface ReadOnlyEcho {
  readonly id?: unknown
  readonly email_verified?: unknown
  readonly has_password?: unknown
  readonly created_at?: unknown
  readonly updated_at?: unknown
  readonly version?: unknown
}

export interface ReplaceUserInput extends CreateUserInput, ReadOnlyEcho {}

/** A merge patch: null takes a field away, or back to its default. */
export interface PatchUserInput extends ReadOnlyEcho {
  readonly name?: string | null
  readonly first_name?: string | null
  readonly last_name?: string | null
  readonly email?: string
  readonly password?: string
  readonly age?: number | null
  readonly is_active?: boolean
  readonly roles?: readonly string[]
  readonly metadata?: Metadata | null
}
