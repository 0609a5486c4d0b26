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
  | 'API_KEY_LIMIT'
  | 'CONFLICT'
  | 'IDEMPOTENCY_CONFLICT'
  | 'VERSION_MISMATCH'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'IDEMPOTENCY_MISMATCH'
  | 'PRECONDITION_REQUIRED'
  | 'RATE_LIMITED'
  | 'ACCOUNT_LOCKED'
  | 'HEADERS_TOO_LARGE'
  | 'INTERNAL_ERROR'
  | 'SERVICE_UNAVAILABLE'

export interface AccessExplanation {
  readonly allowed: boolean
  /** What refuses the call; null: it is let in, and answers for itself */
  readonly status: number | null
  /** Whom the route lets in; null: there is no such route */
  readonly access: 'anyone' | 'known' | 'people' | 'holders' | 'self'
  /** What the route asks for */
  readonly permission: string | null
  /** The roles that carry it */
  readonly through: readonly string[]
  readonly missing: readonly string[]
  readonly reason: string
}

export interface AccessQuestion {
  /** Whose call; absent: your own */
  readonly user_id?: string | undefined
  /** With which key */
  readonly api_key_id?: string | undefined
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** Versioned or not; a query string is ignored */
  readonly path: string
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  /** How the key begins */
  readonly prefix: string
  readonly permissions: readonly string[]
  readonly created_at: string
  /** null: without end */
  readonly expires_at: string | null
  /** To the minute; null: not yet */
  readonly last_used_at: string | null
}

export interface AuthenticatorActivation {
  /** Six digits of the authenticator */
  readonly code: string
}

export interface AuthenticatorSecret {
  /** In base 32, to be typed */
  readonly secret: string
  /** To be shown as a QR code */
  readonly otpauth_url: string
}

export interface EmailAddress {
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
}

export interface EmailChange {
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
}

export interface EndedSessions {
  /** How many sessions ended */
  readonly ended: number
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

export interface Invitation {
  /** Given name */
  readonly first_name?: string | null | undefined
  /** Made of first_name and last_name when it is absent, and follows them then */
  readonly name?: string | undefined
  /** Family name */
  readonly last_name?: string | null | undefined
  /** In years */
  readonly age?: number | null | undefined
  /** The caller's own document: at most 16384 bytes of JSON, 5 deep; no key is empty, begins with "$" or contains "." or NUL */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
  /** Names of existing roles */
  readonly roles?: readonly string[] | undefined
}

export interface InvitationAcceptance {
  /** From the mail; good once */
  readonly token: string
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest */
  readonly password: string
  /** Replaces the name that the invitation gave */
  readonly name?: string | undefined
}

export interface LoggedIn {
  /** A JWT for the Authorization header */
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** How long it is good, in seconds */
  readonly expires_in: number
  /** For the next access token; it is good once */
  readonly refresh_token: string
  /** How long the session lasts without a refresh, in seconds */
  readonly refresh_expires_in: number
  readonly session_id: string
  readonly user: User
}

export interface Login {
  /** The e-mail address of the account */
  readonly email: string
  readonly password: string
  /** Of the authenticator, or a recovery code, where an authenticator is active */
  readonly code?: string | undefined
}

export interface MadeApiKey {
  readonly id: string
  readonly name: string
  /** How the key begins */
  readonly prefix: string
  readonly permissions: readonly string[]
  readonly created_at: string
  /** null: without end */
  readonly expires_at: string | null
  /** To the minute; null: not yet */
  readonly last_used_at: string | null
  /** Shown this once */
  readonly key: string
}

export interface MailedToken {
  /** From the mail; good once */
  readonly token: string
}

export interface Me {
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
  /** What the caller may do */
  readonly permissions: readonly string[]
}

export interface NewApiKey {
  /** What the key is for */
  readonly name: string
  /** The most that the key may ever do; the person must have each of them */
  readonly permissions: readonly string[]
  /** When the key ends; null or absent: never */
  readonly expires_at?: string | null | undefined
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
  /** Write-only: 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest. A user without a password cannot log in */
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
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest */
  readonly password: string
  /** Required of the person itself; checked when it is given */
  readonly current_password?: string | undefined
}

export interface PasswordReset {
  /** From the mail; good once */
  readonly token: string
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest */
  readonly password: string
}

export interface PendingConfirmation {
  /** The address that is still to confirm */
  readonly pending: 'old' | 'new'
}

export interface PersonalExport {
  readonly exported_at: string
  readonly user: User
  readonly grants: readonly ({ readonly role: string; readonly granted_at: string; readonly expires_at: string | null })[]
  /** null: the user lives */
  readonly deletion: { readonly deleted_at: string; readonly purge_at: string; readonly email_reserved: boolean } | null
  readonly sessions: readonly Readonly<Record<string, unknown>>[]
  readonly api_keys: readonly Readonly<Record<string, unknown>>[]
  /** Pending links, and a pending change of e-mail */
  readonly account: Readonly<Record<string, unknown>>
  readonly second_factor: Readonly<Record<string, unknown>> | null
}

export interface RecoveryCodes {
  /** Each is good once, instead of a code of the authenticator. They are not shown again */
  readonly recovery_codes: readonly string[]
}

export interface Refresh {
  /** The newest one of the session */
  readonly refresh_token: string
}

export interface Registration {
  /** Given name */
  readonly first_name?: string | null | undefined
  /** Made of first_name and last_name when it is absent, and follows them then */
  readonly name?: string | undefined
  /** Family name */
  readonly last_name?: string | null | undefined
  /** In years */
  readonly age?: number | null | undefined
  /** The caller's own document: at most 16384 bytes of JSON, 5 deep; no key is empty, begins with "$" or contains "." or NUL */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest */
  readonly password: string
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

export interface SecondFactor {
  readonly totp: { readonly active: boolean; readonly activated_at: string | null }
  readonly recovery_codes_left: number
}

export interface Session {
  /** The id of the session */
  readonly id: string
  /** The User-Agent of the login */
  readonly device: string | null
  /** The IP address of the login */
  readonly address: string
  readonly created_at: string
  /** When it was last refreshed */
  readonly last_used_at: string
  readonly expires_at: string
  /** The one that asks */
  readonly current: boolean
}

export interface Setup {
  /** The token of the set-up link */
  readonly token: string
  readonly name: string
  /** Unique, without regard to case; any top-level domain */
  readonly email: string
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest */
  readonly password: string
}

export interface StepUp {
  readonly password: string
  /** Of the authenticator, or a recovery code, where an authenticator is active */
  readonly code?: string | undefined
}

export interface SteppedUp {
  /** Until when the proof serves for dangerous calls */
  readonly valid_until: string
}

export interface Tokens {
  /** A JWT for the Authorization header */
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** How long it is good, in seconds */
  readonly expires_in: number
  /** For the next access token; it is good once */
  readonly refresh_token: string
  /** How long the session lasts without a refresh, in seconds */
  readonly refresh_expires_in: number
  readonly session_id: string
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
  /** 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest */
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
  /** Write-only: 8 to 72 bytes in UTF-8, with a lower-case letter, an upper-case letter and a digit; none of the commonest. A user without a password cannot log in */
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
    readonly query: { readonly release_email?: boolean | undefined }
    readonly body: undefined
    readonly data: User | null
  }
  /** Change the e-mail of a user */
  readonly changeEmail: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: EmailChange
    readonly data: User | null
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
  /** Sign in */
  readonly logIn: {
    readonly params: {}
    readonly query: {}
    readonly body: Login
    readonly data: LoggedIn
  }
  /** Get the next access token */
  readonly refresh: {
    readonly params: {}
    readonly query: {}
    readonly body: Refresh
    readonly data: Tokens
  }
  /** Prove again who calls */
  readonly stepUp: {
    readonly params: {}
    readonly query: {}
    readonly body: StepUp
    readonly data: SteppedUp
  }
  /** Sign out: end this session */
  readonly logOut: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** Read the own profile, and what one may do */
  readonly getMe: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: Me
  }
  /** List the own sessions */
  readonly listSessions: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: readonly Session[]
  }
  /** End the own sessions but this one */
  readonly endOtherSessions: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: EndedSessions
  }
  /** End one of the own sessions */
  readonly endSession: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** List the sessions of a user */
  readonly listUserSessions: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: readonly Session[]
  }
  /** End all sessions of a user */
  readonly endUserSessions: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: EndedSessions
  }
  /** Make an account for oneself */
  readonly register: {
    readonly params: {}
    readonly query: {}
    readonly body: Registration
    readonly data: User | null
  }
  /** Confirm an e-mail address with a mailed token */
  readonly verifyEmail: {
    readonly params: {}
    readonly query: {}
    readonly body: MailedToken
    readonly data: User | PendingConfirmation
  }
  /** Ask for another mail to verify an address */
  readonly resendVerification: {
    readonly params: {}
    readonly query: {}
    readonly body: EmailAddress
    readonly data: null
  }
  /** Ask for a mail to choose a new password */
  readonly forgotPassword: {
    readonly params: {}
    readonly query: {}
    readonly body: EmailAddress
    readonly data: null
  }
  /** Choose a new password with a mailed token */
  readonly resetPassword: {
    readonly params: {}
    readonly query: {}
    readonly body: PasswordReset
    readonly data: User
  }
  /** Make a user who chooses the password by mail */
  readonly inviteUser: {
    readonly params: {}
    readonly query: {}
    readonly body: Invitation
    readonly data: User
  }
  /** Choose a password with the token of an invitation */
  readonly acceptInvitation: {
    readonly params: {}
    readonly query: {}
    readonly body: InvitationAcceptance
    readonly data: User
  }
  /** Unlock a user who failed to log in too often */
  readonly unlockUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** Set up an authenticator */
  readonly beginAuthenticator: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: AuthenticatorSecret
  }
  /** Remove the authenticator */
  readonly removeAuthenticator: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** Activate the authenticator with one of its codes */
  readonly activateAuthenticator: {
    readonly params: {}
    readonly query: {}
    readonly body: AuthenticatorActivation
    readonly data: RecoveryCodes
  }
  /** Read how the second factor stands */
  readonly getSecondFactor: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: SecondFactor
  }
  /** Replace the recovery codes */
  readonly renewRecoveryCodes: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: RecoveryCodes
  }
  /** Remove the authenticator of a user who has lost it */
  readonly removeUserAuthenticator: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** List your API keys */
  readonly listApiKeys: {
    readonly params: {}
    readonly query: {}
    readonly body: undefined
    readonly data: readonly ApiKey[]
  }
  /** Make an API key */
  readonly createApiKey: {
    readonly params: {}
    readonly query: {}
    readonly body: NewApiKey
    readonly data: MadeApiKey
  }
  /** Revoke one of your API keys */
  readonly revokeApiKey: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** Make the first administrator */
  readonly setUp: {
    readonly params: {}
    readonly query: {}
    readonly body: Setup
    readonly data: User
  }
  /** Give all that is held on a person */
  readonly exportUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: PersonalExport
  }
  /** Take a deleted user away for good */
  readonly purgeUser: {
    readonly params: { readonly id: string }
    readonly query: {}
    readonly body: undefined
    readonly data: null
  }
  /** Ask whether a call would be let in, and why */
  readonly explainAccess: {
    readonly params: {}
    readonly query: {}
    readonly body: AccessQuestion
    readonly data: AccessExplanation
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

export interface OperationEntry {
  readonly method: string
  readonly path: string
  /** Anybody may call it: no credentials are looked at. */
  readonly open?: true
  /** Takes an Idempotency-Key. */
  readonly keyed?: true
}

/** Where each operation is found. */
export const OPERATIONS: Readonly<Record<keyof Operations, OperationEntry>> = {
  createUser: { method: 'POST', path: '/api/v1/users', keyed: true },
  listUsers: { method: 'GET', path: '/api/v1/users' },
  getUser: { method: 'GET', path: '/api/v1/users/{id}' },
  replaceUser: { method: 'PUT', path: '/api/v1/users/{id}' },
  patchUser: { method: 'PATCH', path: '/api/v1/users/{id}' },
  deleteUser: { method: 'DELETE', path: '/api/v1/users/{id}' },
  changeEmail: { method: 'PUT', path: '/api/v1/users/{id}/email' },
  setPassword: { method: 'PUT', path: '/api/v1/users/{id}/password' },
  restoreUser: { method: 'POST', path: '/api/v1/users/{id}/restore', keyed: true },
  listUserRoles: { method: 'GET', path: '/api/v1/users/{id}/roles' },
  addUserRoles: { method: 'POST', path: '/api/v1/users/{id}/roles', keyed: true },
  replaceUserRoles: { method: 'PUT', path: '/api/v1/users/{id}/roles' },
  removeUserRole: { method: 'DELETE', path: '/api/v1/users/{id}/roles/{role}' },
  createRole: { method: 'POST', path: '/api/v1/roles', keyed: true },
  listRoles: { method: 'GET', path: '/api/v1/roles' },
  getRole: { method: 'GET', path: '/api/v1/roles/{name}' },
  replaceRole: { method: 'PUT', path: '/api/v1/roles/{name}' },
  patchRole: { method: 'PATCH', path: '/api/v1/roles/{name}' },
  deleteRole: { method: 'DELETE', path: '/api/v1/roles/{name}' },
  logIn: { method: 'POST', path: '/api/v1/auth/login', open: true },
  refresh: { method: 'POST', path: '/api/v1/auth/refresh', open: true },
  stepUp: { method: 'POST', path: '/api/v1/auth/step-up' },
  logOut: { method: 'POST', path: '/api/v1/auth/logout', keyed: true },
  getMe: { method: 'GET', path: '/api/v1/auth/me' },
  listSessions: { method: 'GET', path: '/api/v1/auth/sessions' },
  endOtherSessions: { method: 'DELETE', path: '/api/v1/auth/sessions' },
  endSession: { method: 'DELETE', path: '/api/v1/auth/sessions/{id}' },
  listUserSessions: { method: 'GET', path: '/api/v1/users/{id}/sessions' },
  endUserSessions: { method: 'DELETE', path: '/api/v1/users/{id}/sessions' },
  register: { method: 'POST', path: '/api/v1/auth/register', open: true, keyed: true },
  verifyEmail: { method: 'POST', path: '/api/v1/auth/email/verify', open: true, keyed: true },
  resendVerification: { method: 'POST', path: '/api/v1/auth/email/verify/resend', open: true, keyed: true },
  forgotPassword: { method: 'POST', path: '/api/v1/auth/password/forgot', open: true, keyed: true },
  resetPassword: { method: 'POST', path: '/api/v1/auth/password/reset', open: true, keyed: true },
  inviteUser: { method: 'POST', path: '/api/v1/auth/invitations', keyed: true },
  acceptInvitation: { method: 'POST', path: '/api/v1/auth/invitations/accept', open: true, keyed: true },
  unlockUser: { method: 'POST', path: '/api/v1/users/{id}/unlock', keyed: true },
  beginAuthenticator: { method: 'POST', path: '/api/v1/auth/mfa/totp' },
  removeAuthenticator: { method: 'DELETE', path: '/api/v1/auth/mfa/totp' },
  activateAuthenticator: { method: 'POST', path: '/api/v1/auth/mfa/totp/activate' },
  getSecondFactor: { method: 'GET', path: '/api/v1/auth/mfa' },
  renewRecoveryCodes: { method: 'POST', path: '/api/v1/auth/mfa/recovery-codes' },
  removeUserAuthenticator: { method: 'DELETE', path: '/api/v1/users/{id}/mfa' },
  listApiKeys: { method: 'GET', path: '/api/v1/auth/api-keys' },
  createApiKey: { method: 'POST', path: '/api/v1/auth/api-keys' },
  revokeApiKey: { method: 'DELETE', path: '/api/v1/auth/api-keys/{id}' },
  setUp: { method: 'POST', path: '/api/v1/auth/setup', open: true, keyed: true },
  exportUser: { method: 'GET', path: '/api/v1/users/{id}/export' },
  purgeUser: { method: 'POST', path: '/api/v1/users/{id}/purge', keyed: true },
  explainAccess: { method: 'POST', path: '/api/v1/authz/explain', keyed: true },
  ping: { method: 'GET', path: '/ping', open: true },
  health: { method: 'GET', path: '/health', open: true },
  live: { method: 'GET', path: '/health/live', open: true },
  ready: { method: 'GET', path: '/health/ready', open: true },
}
