import type { CustomHelpers, Schema } from 'joi'
import { fieldsSchema, filterSchema, instantSchema, sortSchema } from '../filter/filter-schemas'
import { joi, strictObject } from '../http/joi'
import { pagingKeys } from '../http/paging'
import { emailSchema, NAME_LENGTH_MAX, nameSchema } from '../http/person-fields'
import { METADATA_BYTES_MAX, METADATA_DEPTH_MAX, METADATA_RULES } from './metadata'
import { PASSWORD_POLICY_TEXT, passwordSchema } from '../passwords/password-schema'
import { type Metadata, SORTABLE } from './user'
import { DEFAULT_ROLES } from './user-changes'
import { USER_FIELDS } from './user.presenter'
import { FILTERABLE, SEARCH_LENGTH_MAX } from './user-query'

const AGE_MAX = 150
const ROLES_PER_USER_MAX = 100
const ROLE_NAME_LENGTH_MAX = 32

const email = emailSchema()

const password = passwordSchema()

const age = joi.number().integer().min(1).max(AGE_MAX).allow(null).description('In years').example(30)
const isActive = joi.boolean().description('false refuses the login').example(true)
const roles = joi
  .array()
  .items(joi.string().max(ROLE_NAME_LENGTH_MAX).example('CLIENT'))
  .unique()
  .max(ROLES_PER_USER_MAX)
  .description('Names of existing roles')
const metadata = joi
  .object()
  .unknown(true)
  .description(
    `The caller's own document: at most ${METADATA_BYTES_MAX} bytes of JSON, ${METADATA_DEPTH_MAX} deep; no key is ` +
      'empty, begins with "$" or contains "." or NUL',
  )
  .example({ plan: 'pro' })

const checkedMetadata = METADATA_RULES.reduce(
  (schema, { code, message, isBroken }) =>
    schema
      .custom((value: Metadata, helpers: CustomHelpers<Metadata>) => (isBroken(value) ? helpers.error(code) : value))
      .messages({ [code]: `{{#label}} ${message}` }),
  metadata,
)

const given = joi.string().required()
/** Required unless first_name and last_name are both there to make it of. */
const newName = nameSchema()
  .description('Made of first_name and last_name when it is absent, and follows them then')
  .example('John Doe')
  .when('first_name', {
    is: given,
    then: joi.when('last_name', { is: given, then: joi.optional(), otherwise: joi.required() }),
    otherwise: joi.required(),
  })
const partOfName = nameSchema().allow(null)

const writable = {
  name: newName,
  first_name: partOfName.description('Given name').example('John'),
  last_name: partOfName.description('Family name').example('Doe'),
  email: email.required(),
  password: password.description(`Write-only: ${PASSWORD_POLICY_TEXT}. A user without a password cannot log in`),
  age,
  is_active: isActive,
  roles,
  metadata: checkedMetadata,
}

/** What people say of themselves, for bodies of other resources. */
export const profileKeys = {
  name: writable.name,
  first_name: writable.first_name,
  last_name: writable.last_name,
  age,
  metadata: checkedMetadata,
}
export const rolesOfUser = roles

/** Checked by the service: accepted with the value that they have. */
const readOnly = {
  id: joi.any(),
  email_verified: joi.any(),
  has_password: joi.any(),
  created_at: joi.any(),
  updated_at: joi.any(),
  version: joi.any(),
}
const echoed: Record<string, Schema> = Object.fromEntries(
  Object.entries(readOnly).map(([name, schema]) => [
    name,
    schema.description('Read-only: accepted with its present value, so that what was read can be sent back'),
  ]),
)

export const createUserBody = strictObject({
  ...writable,
  age: age.default(null),
  is_active: isActive.default(true),
  roles: roles.default([...DEFAULT_ROLES]),
}).meta({ component: 'NewUser' })

export const replaceUserBody = strictObject({ ...writable, ...echoed }).meta({ component: 'UserReplacement' })

export const patchUserBody = strictObject({
  name: nameSchema()
    .allow(null)
    .description('null makes the name follow first_name and last_name again')
    .example('Jane Doe'),
  first_name: partOfName.description('Given name'),
  last_name: partOfName.description('Family name'),
  email,
  password,
  age: age.example(31),
  is_active: isActive,
  roles,
  // Checked after it was merged: a patch may name any key to take it away.
  metadata: metadata
    .allow(null)
    .description('Merged (RFC 7396): a null takes the key away, null for the whole empties it'),
  ...echoed,
}).meta({ component: 'UserPatch' })

/** The data of an answer that says nothing but its message. */
export const nothing = joi.valid(null)

export const emailBody = strictObject({ email: email.required() }).meta({ component: 'EmailChange' })

export const passwordBody = strictObject({
  password: password.required(),
  current_password: joi
    .string()
    .max(1_024)
    .description('Required of the person itself; checked when it is given')
    .example('Password@123'),
}).meta({ component: 'PasswordChange' })

const expiresAt = instantSchema().allow(null).description('When the grants end; null or absent: never')

export const addRolesBody = strictObject({
  roles: roles.min(1).required().example(['ADMIN']),
  expires_at: expiresAt,
}).meta({ component: 'RoleGrants' })

export const replaceRolesBody = strictObject({
  roles: roles.required().example(['CLIENT']),
  expires_at: expiresAt,
}).meta({ component: 'RoleGrantsReplacement' })

/** A malformed id is nobody's: the answer is 404. */
const id = joi.string().required().description('The id of the user').example('66f0c1a2b3c4d5e6f7a8b9c0')
export const userParams = joi.object({ id })
export const userRoleParams = joi.object({
  id,
  role: joi.string().required().description('Name of a role').example('ADMIN'),
})

const instant = (text: string) => instantSchema().description(text)
export const deleteUserQuery = joi.object({
  release_email: joi
    .boolean()
    .default(false)
    .description('true: the e-mail is free at once, whatever the settings say'),
})

export const userListQuery = joi.object({
  ...pagingKeys,
  sort: sortSchema(SORTABLE).example('-created_at,name'),
  fields: fieldsSchema(USER_FIELDS).example('id,email'),
  q: joi
    .string()
    .max(SEARCH_LENGTH_MAX)
    .description('Text in the name or the e-mail, without regard to case')
    .example('doe'),
  name: joi.string().description('This name, without regard to case'),
  email: joi.string().description('This e-mail, without regard to case'),
  role: joi
    .array()
    .items(joi.string())
    .max(ROLES_PER_USER_MAX)
    .single()
    .description('Holds this role; repeated: any of these'),
  is_active: joi.boolean().description('Active or not'),
  age: joi.number().integer().description('This age'),
  age_gte: joi.number().integer().description('At least this age'),
  age_lte: joi.number().integer().description('At most this age'),
  created_after: instant('Created later than this'),
  created_before: instant('Created earlier than this'),
  updated_after: instant('Changed later than this'),
  updated_before: instant('Changed earlier than this'),
  filter: filterSchema(FILTERABLE).example('name sw "j" and age ge 18'),
})

const timestamp = joi.string().isoDate().example('2026-01-31T09:30:00.000Z')

/** A user in an answer. */
export const userView = joi
  .object({
    id: joi.string().hex().length(24).required().example('66f0c1a2b3c4d5e6f7a8b9c0'),
    name: joi.string().max(NAME_LENGTH_MAX).required().example('John Doe'),
    first_name: joi.string().allow(null).required().example('John'),
    last_name: joi.string().allow(null).required().example('Doe'),
    email: joi.string().email({ tlds: false }).required().example('john.doe@example.com'),
    email_verified: joi.boolean().required().example(false),
    has_password: joi.boolean().required().description('Without a password a user cannot log in').example(true),
    age: joi.number().integer().allow(null).required().example(30),
    is_active: joi.boolean().required().example(true),
    roles: joi.array().items(joi.string()).required().description('Without grants that have ended').example(['CLIENT']),
    metadata: joi.object().unknown(true).required().example({ plan: 'pro' }),
    created_at: timestamp.required(),
    updated_at: timestamp.required(),
    version: joi.number().integer().required().description('Counts the changes; the ETag').example(1),
  })
  .meta({ component: 'User' })

/** Users in a list; `fields` may leave out any of theirs. */
export const userListView = joi.array().items(userView)

export const grantListView = joi.array().items(
  joi
    .object({
      role: joi.string().required().example('ADMIN'),
      granted_at: timestamp.required(),
      expires_at: timestamp.allow(null).required().description('null: without end').example(null),
    })
    .meta({ component: 'Grant' }),
)
