import type { FieldError } from '../errors'
import { DEFAULT_ROLE } from '../roles/role.service'
import { onlyRoles, sameGrants } from './grants'
import { mergePatch, METADATA_RULES } from './metadata'
import { NAME_LENGTH_MAX } from '../http/person-fields'
import { type NameProblem, type Names, newNames, patchedNames } from './names'
import type { Grant, Metadata, User } from './user'
import type { NewUser, Scalars } from './user.dao'
import type { CreateUserInput, PatchUserInput, ReplaceUserInput } from './user-input'

/** A value, or the problems that it has. */
export interface Outcome<T> {
  readonly value: T
  readonly problems: readonly FieldError[]
}

export const DEFAULT_ROLES: readonly string[] = [DEFAULT_ROLE]

/** A user made of a body: version 1. */
export function newUser(input: CreateUserInput, now: Date): Outcome<NewUser> {
  const names = newNames(input)
  const metadata = input.metadata ?? {}
  const value: NewUser = {
    ...usable(names),
    email: input.email,
    email_verified: false,
    has_password: input.password !== undefined,
    age: input.age ?? null,
    is_active: input.is_active ?? true,
    grants: grantsFor([], input.roles ?? DEFAULT_ROLES, now),
    metadata,
    created_at: now,
    updated_at: now,
    version: 1,
  }
  return { value, problems: [...nameProblems(names), ...problemsOfMetadata(metadata)] }
}

/** A full update: what is not given goes back to its default; password, roles and is_active stay. */
export function replacedUser(present: User, input: ReplaceUserInput, now: Date): Outcome<User> {
  const names = newNames(input, present)
  const metadata = input.metadata ?? {}
  const value = changedUser(present, usable(names), input, now, { age: input.age ?? null, metadata })
  return { value, problems: [...nameProblems(names), ...problemsOfMetadata(metadata)] }
}

export function patchedUser(present: User, input: PatchUserInput, now: Date): Outcome<User> {
  const names = patchedNames(present, input)
  const age = input.age === undefined ? present.age : input.age
  const metadata = patchedMetadata(present.metadata, input.metadata)
  const value = changedUser(present, usable(names), input, now, { age, metadata })
  const checked = input.metadata === undefined ? [] : problemsOfMetadata(metadata)
  return { value, problems: [...nameProblems(names), ...checked] }
}

function changedUser(
  present: User,
  names: Names,
  input: PatchUserInput,
  now: Date,
  rest: Pick<User, 'age' | 'metadata'>,
): User {
  const email = input.email ?? present.email
  return {
    ...present,
    ...names,
    ...rest,
    email,
    email_verified: present.email_verified && email === present.email,
    has_password: present.has_password || input.password !== undefined,
    is_active: input.is_active ?? present.is_active,
    grants: input.roles === undefined ? present.grants : grantsFor(present.grants, input.roles, now),
  }
}

/** Grants of roles that stay are not touched: neither their date nor their end. */
function grantsFor(present: readonly Grant[], roles: readonly string[], now: Date): readonly Grant[] {
  const living = present.filter(({ expires_at }) => expires_at === null || expires_at > now)
  return onlyRoles(living, roles, { expiresAt: undefined }, now)
}

function patchedMetadata(present: Metadata, patch: Metadata | null | undefined): Metadata {
  if (patch === undefined) return present
  return patch === null ? {} : (mergePatch(present, patch) as Metadata)
}

/** Whether anything that a client could see differs. A new password is a change of its own. */
export function differs(one: User, other: User): boolean {
  return (
    one.name !== other.name ||
    one.first_name !== other.first_name ||
    one.last_name !== other.last_name ||
    one.name_derived !== other.name_derived ||
    one.email !== other.email ||
    one.age !== other.age ||
    one.is_active !== other.is_active ||
    !sameGrants(one.grants, other.grants) ||
    JSON.stringify(one.metadata) !== JSON.stringify(other.metadata)
  )
}

/** The patch, if it sets nothing but fields that depend on no other: then nobody has to read first. */
export function scalarsOf(input: PatchUserInput): Scalars | undefined {
  const { name, age, ...rest } = input
  if (name === null || (name === undefined && age === undefined) || Object.keys(rest).length > 0) return undefined
  return { ...(name === undefined ? {} : { name }), ...(age === undefined ? {} : { age }) }
}

/** Stands in where the problem is reported: the value is then thrown away. */
const NO_NAMES: Names = { name: '', first_name: null, last_name: null, name_derived: false }

function usable(names: Names | NameProblem): Names {
  return typeof names === 'string' ? NO_NAMES : names
}

function nameProblems(names: Names | NameProblem): readonly FieldError[] {
  if (names === 'missing') {
    return [{ field: 'name', code: 'any.required', message: 'name is required, or first_name and last_name' }]
  }
  if (names !== 'too_long') return []
  const message = `name, made of first_name and last_name, must be at most ${NAME_LENGTH_MAX} characters long`
  return [{ field: 'name', code: 'string.max', message }]
}

function problemsOfMetadata(metadata: Metadata): readonly FieldError[] {
  return METADATA_RULES.filter(({ isBroken }) => isBroken(metadata)).map(({ code, message }) => ({
    field: 'metadata',
    code,
    message: `metadata ${message}`,
  }))
}
