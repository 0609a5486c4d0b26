import type { CustomHelpers } from 'joi'
import { sortSchema } from '../filter/filter-schemas'
import { joi, strictObject } from '../http/joi'
import { pagingKeys } from '../http/paging'
import { PERMISSIONS } from '../http/access'
import { PERMISSIONS_MAX, permissionSchema } from '../http/permission-schema'
import { ROLE_SORTABLE } from './role'
import { ROLE_READ_ONLY } from './role.presenter'

const DESCRIPTION_LENGTH_MAX = 500
const SEARCH_LENGTH_MAX = 200
const UNPRINTABLE = /[\p{Cc}\p{Surrogate}\p{Zl}\p{Zp}]/u

const name = joi
  .string()
  .pattern(/^[A-Z][A-Z0-9_]{1,31}$/)
  .description('Upper-case letters, digits and underscores')
  .example('AUDITOR')
const description = joi
  .string()
  .allow('')
  .custom((value: string, helpers: CustomHelpers<string>) => {
    const text = value.trim()
    return UNPRINTABLE.test(text) ? helpers.error('string.unprintable') : text
  })
  .max(DESCRIPTION_LENGTH_MAX)
  .messages({ 'string.unprintable': '{{#label}} must not contain control characters' })
  .description('What the role is for')
  .example('Reads users and the audit trail')
const permissions = joi
  .array()
  .items(permissionSchema())
  .unique()
  .max(PERMISSIONS_MAX)
  .description(`What its holders may do. The service itself asks for ${PERMISSIONS.join(', ')}.`)
  .example(['users:read', 'audit:read'])

const echoed = Object.fromEntries(
  ROLE_READ_ONLY.map((field) => [
    field,
    joi.any().description('Read-only: accepted with its present value, so that what was read can be sent back'),
  ]),
)

export const createRoleBody = strictObject({
  name: name.required(),
  description: description.default(''),
  permissions: permissions.default([]),
}).meta({ component: 'NewRole' })

export const replaceRoleBody = strictObject({ name, description, permissions, ...echoed }).meta({
  component: 'RoleReplacement',
})

export const patchRoleBody = strictObject({ name, description, permissions, ...echoed }).meta({
  component: 'RolePatch',
})

/** A name that no role can have is nobody's: the answer is 404. */
export const roleParams = joi.object({
  name: joi.string().required().description('The name of the role').example('CLIENT'),
})

export const roleListQuery = joi.object({
  ...pagingKeys,
  sort: sortSchema(ROLE_SORTABLE).example('-created_at'),
  name: joi.string().description('This name, without regard to case'),
  permission: joi.string().description('Has this permission').example('users:read'),
  q: joi.string().max(SEARCH_LENGTH_MAX).description('Text in the name or the description, without regard to case'),
})

export const removeRoleQuery = joi.object({
  force: joi.boolean().default(false).description('Take the role from those who hold it'),
})

const timestamp = joi.string().isoDate().example('2026-01-31T09:30:00.000Z')

export const roleView = joi
  .object({
    name: joi.string().required().example('AUDITOR'),
    description: joi.string().allow('').required().example('Reads users and the audit trail'),
    permissions: joi.array().items(joi.string()).required().example(['users:read', 'audit:read']),
    is_system: joi.boolean().required().description('ADMIN and CLIENT: they stay').example(false),
    user_count: joi.number().integer().required().description('How many users hold it').example(3),
    created_at: timestamp.required(),
    updated_at: timestamp.required(),
    version: joi.number().integer().required().description('Counts the changes; the ETag').example(1),
  })
  .meta({ component: 'Role' })

export const roleListView = joi.array().items(roleView)
