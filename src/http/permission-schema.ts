import type { StringSchema } from 'joi'
import { joi } from './joi'

const PERMISSION_LENGTH_MAX = 64

/** How many permissions one role or key may name. */
export const PERMISSIONS_MAX = 100

/** The name of a permission: what it is about, and what may be done with it. */
export function permissionSchema(): StringSchema {
  return joi
    .string()
    .max(PERMISSION_LENGTH_MAX)
    .pattern(/^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$/)
    .example('users:read')
}
