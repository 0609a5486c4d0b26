import type { FieldError } from '../errors'
import { liveGrants } from './grants'
import type { Grant, Metadata, User } from './user'

/** A user as clients see it. Nothing else of a user leaves the service. */
export interface UserView {
  readonly id: string
  readonly name: string
  readonly first_name: string | null
  readonly last_name: string | null
  readonly email: string
  readonly email_verified: boolean
  readonly has_password: boolean
  readonly age: number | null
  readonly is_active: boolean
  readonly roles: readonly string[]
  readonly metadata: Metadata
  readonly created_at: string
  readonly updated_at: string
  readonly version: number
}

export interface GrantView {
  readonly role: string
  readonly granted_at: string
  readonly expires_at: string | null
}

export const USER_FIELDS = [
  'id',
  'name',
  'first_name',
  'last_name',
  'email',
  'email_verified',
  'has_password',
  'age',
  'is_active',
  'roles',
  'metadata',
  'created_at',
  'updated_at',
  'version',
] as const satisfies readonly (keyof UserView)[]
export type UserField = (typeof USER_FIELDS)[number]

export const READ_ONLY_FIELDS = [
  'id',
  'email_verified',
  'has_password',
  'created_at',
  'updated_at',
  'version',
] as const satisfies readonly UserField[]

export function presentUser(user: User, now: Date): UserView {
  const grants = liveGrants(user, now)
  return {
    id: user.id,
    name: user.name,
    first_name: user.first_name,
    last_name: user.last_name,
    email: user.email,
    email_verified: user.email_verified,
    has_password: user.has_password,
    age: user.age,
    is_active: user.is_active,
    roles: grants.map(({ role }) => role),
    metadata: user.metadata,
    created_at: user.created_at.toISOString(),
    updated_at: user.updated_at.toISOString(),
    // Equal to visibleVersion, without looking at the grants twice.
    version: user.version + user.grants.length - grants.length,
  }
}

export function presentGrant({ role, granted_at, expires_at }: Grant): GrantView {
  return { role, granted_at: granted_at.toISOString(), expires_at: expires_at?.toISOString() ?? null }
}

/** Only the named fields, in the order of the document. */
export function pickFields(view: UserView, fields: readonly UserField[]): Partial<UserView> {
  return Object.fromEntries(USER_FIELDS.filter((field) => fields.includes(field)).map((field) => [field, view[field]]))
}

/** A read-only field may come back with the value that it has, so that what was read can be edited and sent. */
export function readOnlyProblems(body: Readonly<Record<string, unknown>>, view: UserView): readonly FieldError[] {
  return READ_ONLY_FIELDS.filter((field) => body[field] !== undefined && body[field] !== view[field]).map((field) => ({
    field,
    code: 'any.readonly',
    message: `${field} is read-only, and this is not its present value`,
  }))
}
