/* eslint-disable */
// Made from the service's OpenAPI document by `npm run client:types`. Do not edit: a test compares it with the service.

/** What went wrong: stable, programs decide by it. */
export type ErrorCode =
  | 'VALIDATION_FAILED'
  | 'MALFORMED_JSON'
  | 'BAD_REQUEST'
  | 'TOKEN_INVALID'
  | 'UNAUTHENTICATED'
  | 'MFA_REQUIRED'
  | 'STEP_UP_REQUIRED'
  | 'FORBIDDEN'
  | 'USER_NOT_FOUND'
  | 'SESSION_NOT_FOUND'
  | 'API_KEY_NOT_FOUND'
  | 'ROLE_NOT_FOUND'
  | 'ROUTE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'REQUEST_TIMEOUT'
  | 'EMAIL_TAKEN'
  | 'ROLE_TAKEN'
  | 'ROLE_IN_USE'
  | 'SYSTEM_ROLE'
  | 'LAST_ADMIN'
  | 'MFA_ACTIVE'
  | 'MFA_NOT_ACTIVE'
  | 'SETUP_DONE'
  | 'CONFLICT'
  | 'VERSION_MISMATCH'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'PRECONDITION_REQUIRED'
  | 'RATE_LIMITED'
  | 'ACCOUNT_LOCKED'
  | 'HEADERS_TOO_LARGE'
  | 'INTERNAL_ERROR'
  | 'SERVICE_UNAVAILABLE'

export interface EmailChange {
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
}

export interface Grant {
  readonly role: string
  readonly granted_at: string
  /** null: without end */
  readonly expires_at: string | null
}

export interface HealthReport {
  readonly status: 'ok' | 'draining'
  readonly version: string
  /** Seconds since the start */
  readonly uptime_s: number
  readonly mongo: { readonly status: 'up'; readonly round_trip_ms: number }
}

export interface NewRole {
  /** Upper-case letters, digits and underscores */
  readonly name: string
  /** What the role is for */
  readonly description?: string | undefined
  /** What its holders may do. The service itself asks for users:read, users:write, users:delete, roles:read, roles:write, audit:read, events:read, webhooks:write, metrics:read, sessions:write. */
  readonly permissions?: readonly string[] | undefined
}

export interface NewUser {
  /** Given name */
  readonly first_name?: string | null | undefined
  /** Made of first_name and last_name when it is absent, and follows them then */
  readonly name?: string | undefined
  /** Family name */
  readonly last_name?: string | null | undefined
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
  /** Write-only. A user without a password cannot log in. */
  readonly password?: string | undefined
  /** In years */
  readonly age?: number | null | undefined
  /** false refuses the login */
  readonly is_active?: boolean | undefined
  /** Names of existing roles */
  readonly roles?: readonly string[] | undefined
  /** The caller's own document: at most 16384 bytes of JSON, 5 deep; no key is empty, begins with "$" or contains "." or NUL */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

export interface PasswordChange {
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit */
  readonly password: string
  /** Checked when it is given */
  readonly current_password?: string | undefined
}

export interface Role {
  readonly name: string
  readonly description: string
  readonly permissions: readonly string[]
  /** ADMIN and CLIENT: they stay */
  readonly is_system: boolean
  /** How many users hold it */
  readonly user_count: number
  readonly created_at: string
  readonly updated_at: string
  /** Counts the changes; the ETag */
  readonly version: number
}

export interface RoleGrants {
  /** Names of existing roles */
  readonly roles: readonly string[]
  /** When the grants end; null or absent: never */
  readonly expires_at?: string | null | undefined
}

export interface RoleGrantsReplacement {
  /** Names of existing roles */
  readonly roles: readonly string[]
  /** When the grants end; null or absent: never */
  readonly expires_at?: string | null | undefined
}

export interface RolePatch {
  /** Upper-case letters, digits and underscores */
  readonly name?: string | undefined
  /** What the role is for */
  readonly description?: string | undefined
  /** What its holders may do. The service itself asks for users:read, users:write, users:delete, roles:read, roles:write, audit:read, events:read, webhooks:write, metrics:read, sessions:write. */
  readonly permissions?: readonly string[] | undefined
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly is_system?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly user_count?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly created_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly updated_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly version?: unknown
}

export interface RoleReplacement {
  /** Upper-case letters, digits and underscores */
  readonly name?: string | undefined
  /** What the role is for */
  readonly description?: string | undefined
  /** What its holders may do. The service itself asks for users:read, users:write, users:delete, roles:read, roles:write, audit:read, events:read, webhooks:write, metrics:read, sessions:write. */
  readonly permissions?: readonly string[] | undefined
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly is_system?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly user_count?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly created_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly updated_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly version?: unknown
}

export interface User {
  readonly id: string
  readonly name: string
  readonly first_name: string | null
  readonly last_name: string | null
  readonly email: string
  readonly email_verified: boolean
  /** Without a password a user cannot log in */
  readonly has_password: boolean
  readonly age: number | null
  readonly is_active: boolean
  /** Without grants that have ended */
  readonly roles: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly created_at: string
  readonly updated_at: string
  /** Counts the changes; the ETag */
  readonly version: number
}

export interface UserPatch {
  /** null makes the name follow first_name and last_name again */
  readonly name?: string | null | undefined
  /** Given name */
  readonly first_name?: string | null | undefined
  /** Family name */
  readonly last_name?: string | null | undefined
  /** Unique, without regard to case; any top-level domain */
  readonly email?: string | undefined
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit */
  readonly password?: string | undefined
  /** In years */
  readonly age?: number | null | undefined
  /** false refuses the login */
  readonly is_active?: boolean | undefined
  /** Names of existing roles */
  readonly roles?: readonly string[] | undefined
  /** Merged (RFC 7396): a null takes the key away, null for the whole empties it */
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly id?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly email_verified?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly has_password?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly created_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly updated_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly version?: unknown
}

export interface UserReplacement {
  /** Given name */
  readonly first_name?: string | null | undefined
  /** Made of first_name and last_name when it is absent, and follows them then */
  readonly name?: string | undefined
  /** Family name */
  readonly last_name?: string | null | undefined
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
  /** Write-only. A user without a password cannot log in. */
  readonly password?: string | undefined
  /** In years */
  readonly age?: number | null | undefined
  /** false refuses the login */
  readonly is_active?: boolean | undefined
  /** Names of existing roles */
  readonly roles?: readonly string[] | undefined
  /** The caller's own document: at most 16384 bytes of JSON, 5 deep; no key is empty, begins with "$" or contains "." or NUL */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly id?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly email_verified?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly has_password?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly created_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly updated_at?: unknown
  /** Read-only: accepted with its present value, so that what was read can be sent back */
  readonly version?: unknown
}

export interface FieldError {
  /** Dotted path of the field; empty for the whole */
  readonly field: string
  /** What is wrong, for programs */
  readonly code: string
  /** What is wrong, for people. It never repeats a secret value */
  readonly message: string
}

/** What each operation takes and gives, by its operationId. */
export interface Operations {
  /** Create a user */
  readonly createUser: {
    readonly params: {}
    readonly query: {}
    readonly body: NewUser
    readonly data: User
  }
  /** List, filter, search, sort and page users */
  readonly listUsers: {
    readonly params: {}
    readonly query: { readonly page?: number | undefined; readonly page_size?: number | undefined; readonly cursor?: string | undefined; readonly total?: 'exact' | 'estimate' | 'none' | undefined; readonly sort?: string | undefined; readonly fields?: string | undefined; readonly q?: string | undefined; readonly name?: string | undefined; readonly email?: string | undefined; readonly role?: readonly string[] | string | undefined; readonly is_active?: boolean | undefined; readonly age?: number | undefined; readonly age_gte?: number | undefined; readonly age_lte?: number | undefined; readonly created_after?: string | undefined; readonly created_before?: string | undefined; readonly updated_after?: string | undefined; readonly updated_before?: string | undefined; readonly filter?: string | undefined }
    readonly body: undefined
    readonly data: readonly User[]
  }
  /** Read a user */
  readonly getUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: User
  }
  /** Update a user as a whole */
  readonly replaceUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: UserReplacement
    readonly data: User
  }
  /** Update parts of a user */
  readonly patchUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: UserPatch
    readonly data: User
  }
  /** Delete a user */
  readonly deleteUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: User | null
  }
  /** Change the e-mail of a user */
  readonly changeEmail: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: EmailChange
    readonly data: User
  }
  /** Set the password of a user */
  readonly setPassword: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: PasswordChange
    readonly data: User
  }
  /** Undo the deletion of a user */
  readonly restoreUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: User
  }
  /** List the roles of a user */
  readonly listUserRoles: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: readonly Grant[]
  }
  /** Grant roles to a user */
  readonly addUserRoles: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: RoleGrants
    readonly data: readonly Grant[]
  }
  /** Replace the roles of a user */
  readonly replaceUserRoles: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: RoleGrantsReplacement
    readonly data: readonly Grant[]
  }
  /** Take a role from a user */
  readonly removeUserRole: {
    readonly params: { readonly id: string; readonly role: string }
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** Create a role */
  readonly createRole: {
    readonly params: {}
    readonly query: {}
    readonly body: NewRole
    readonly data: Role
  }
  /** List, filter, search, sort and page roles */
  readonly listRoles: {
    readonly params: {}
    readonly query: { readonly page?: number | undefined; readonly page_size?: number | undefined; readonly cursor?: string | undefined; readonly total?: 'exact' | 'estimate' | 'none' | undefined; readonly sort?: string | undefined; readonly name?: string | undefined; readonly permission?: string | undefined; readonly q?: string | undefined }
    readonly body: undefined
    readonly data: readonly Role[]
  }
  /** Read a role */
  readonly getRole: {
    readonly params: { readonly name: string }
    readonly query: {}
    readonly body: undefined
    readonly data: Role
  }
  /** Update a role as a whole */
  readonly replaceRole: {
    readonly params: { readonly name: string }
    readonly query: {}
    readonly body: RoleReplacement
    readonly data: Role
  }
  /** Update parts of a role */
  readonly patchRole: {
    readonly params: { readonly name: string }
    readonly query: {}
    readonly body: RolePatch
    readonly data: Role
  }
  /** Delete a role */
  readonly deleteRole: {
    readonly params: { readonly name: string }
    readonly query: { readonly force?: boolean | undefined }
    readonly body: undefined
    readonly data: null
  }
  /** Say pong */
  readonly ping: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: 'pong'
  }
  /** Report version, uptime and the round trip to MongoDB */
  readonly health: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: HealthReport
  }
  /** Tell whether the process runs */
  readonly live: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: { readonly status: 'live' }
  }
  /** Tell whether requests can be served */
  readonly ready: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: { readonly status: 'ready' }
  }
}

/** Where each operation is found. */
export const OPERATIONS = {
  createUser: { method: 'POST', path: '/api/v1/users' },
  listUsers: { method: 'GET', path: '/api/v1/users' },
  getUser: { method: 'GET', path: '/api/v1/users/{id}' },
  replaceUser: { method: 'PUT', path: '/api/v1/users/{id}' },
  patchUser: { method: 'PATCH', path: '/api/v1/users/{id}' },
  deleteUser: { method: 'DELETE', path: '/api/v1/users/{id}' },
  changeEmail: { method: 'PUT', path: '/api/v1/users/{id}/email' },
  setPassword: { method: 'PUT', path: '/api/v1/users/{id}/password' },
  restoreUser: { method: 'POST', path: '/api/v1/users/{id}/restore' },
  listUserRoles: { method: 'GET', path: '/api/v1/users/{id}/roles' },
  addUserRoles: { method: 'POST', path: '/api/v1/users/{id}/roles' },
  replaceUserRoles: { method: 'PUT', path: '/api/v1/users/{id}/roles' },
  removeUserRole: { method: 'DELETE', path: '/api/v1/users/{id}/roles/{role}' },
  createRole: { method: 'POST', path: '/api/v1/roles' },
  listRoles: { method: 'GET', path: '/api/v1/roles' },
  getRole: { method: 'GET', path: '/api/v1/roles/{name}' },
  replaceRole: { method: 'PUT', path: '/api/v1/roles/{name}' },
  patchRole: { method: 'PATCH', path: '/api/v1/roles/{name}' },
  deleteRole: { method: 'DELETE', path: '/api/v1/roles/{name}' },
  ping: { method: 'GET', path: '/ping' },
  health: { method: 'GET', path: '/health' },
  live: { method: 'GET', path: '/health/live' },
  ready: { method: 'GET', path: '/health/ready' },
} as const satisfies Readonly<Record<keyof Operations, { readonly method: string; readonly path: string }>>
