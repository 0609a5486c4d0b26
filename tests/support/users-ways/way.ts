import type { NewUser, User, UserPatch } from '../../../src/client/types.gen'

export interface Listing {
  readonly filter?: string
  readonly search?: string
  readonly role?: string
  readonly sort?: string
}

/** A way to the users of a service. What the service refuses, every way rejects with `Refusal`. */
export interface UsersWay {
  readonly create: (user: NewUser, idempotencyKey?: string) => Promise<User>
  readonly get: (id: string) => Promise<User>
  /** Every page, to the end. */
  readonly list: (listing: Listing) => Promise<readonly User[]>
  readonly update: (id: string, patch: UserPatch, ifVersion?: number) => Promise<User>
  readonly changeEmail: (id: string, email: string) => Promise<User>
  /** The names of the roles that the user holds. */
  readonly roles: (id: string) => Promise<readonly string[]>
  readonly grant: (id: string, roles: readonly string[]) => Promise<readonly string[]>
  readonly revoke: (id: string, role: string) => Promise<void>
  readonly delete: (id: string) => Promise<void>
  readonly restore: (id: string) => Promise<void>
  readonly close: () => Promise<void>
}

interface Failure {
  readonly status: number
  readonly code: string
  readonly errors: readonly { readonly field: string; readonly code: string }[]
}

/** What the service says no with, the same whichever way was taken. */
export class Refusal extends Error implements Failure {
  readonly status: number
  readonly code: string
  /** `email: string.email`, in the order of the fields. */
  readonly problems: readonly string[]
  readonly errors: Failure['errors']

  constructor({ status, code, errors }: Failure) {
    super(`${status} ${code}`)
    this.status = status
    this.code = code
    this.errors = errors
    this.problems = errors.map((error) => `${error.field}: ${error.code}`).sort()
  }
}
