import type { FieldError } from '../errors'
import type { Role } from './role'

/** A role as clients see it. */
export interface RoleView {
  readonly name: string
  readonly description: string
  readonly permissions: readonly string[]
  readonly is_system: boolean
  readonly user_count: number
  readonly created_at: string
  readonly updated_at: string
  readonly version: number
}

export const ROLE_READ_ONLY = ['is_system', 'user_count', 'created_at', 'updated_at', 'version'] as const

export function presentRole(role: Role, userCount = 0): RoleView {
  return {
    name: role.name,
    description: role.description,
    permissions: role.permissions,
    is_system: role.is_system,
    user_count: userCount,
    created_at: role.created_at.toISOString(),
    updated_at: role.updated_at.toISOString(),
    version: role.version,
  }
}

/** A read-only field may come back with the value that it has, so that what was read can be edited and sent. */
export function readOnlyRoleProblems(body: Readonly<Record<string, unknown>>, view: RoleView): readonly FieldError[] {
  return ROLE_READ_ONLY.filter((field) => body[field] !== undefined && body[field] !== view[field]).map((field) => ({
    field,
    code: 'any.readonly',
    message: `${field} is read-only, and this is not its present value`,
  }))
}
