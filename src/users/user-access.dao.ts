import type { User } from './user'

/** What decides whether somebody may come in, and what the person may do then. */
export interface UserAccess extends Pick<
  User,
  'id' | 'name' | 'email' | 'email_verified' | 'is_active' | 'has_password' | 'grants'
> {
  /** Sessions in which the person last proved to be itself before this are over. null: none was ended so. */
  readonly sessions_not_before: Date | null
  /** The name under which the password was last chosen with a mailed token. null: under none. */
  readonly chosen_under: string | null
}

export interface UserCredentials extends UserAccess {
  /** null: without a password. */
  readonly password_hash: string | null
}

/** The side of the users' store that signing in needs. Every method may reject with SERVICE_UNAVAILABLE. */
export interface UserAccessDao {
  access(id: string): Promise<UserAccess | undefined>

  /** @param email lower-cased */
  credentialsByEmail(email: string): Promise<UserCredentials | undefined>

  credentials(id: string): Promise<UserCredentials | undefined>

  /** Whose access has changed at or after `since`: at most `limit` ids, the deleted among them. */
  changedSince(since: Date, limit: number): Promise<readonly string[]>

  /** The same password under another hash: nothing that anybody sees changes. @returns false when it was another hash. */
  rehash(id: string, from: string, to: string): Promise<boolean>

  /** Whether there is an active administrator without end. */
  anyAdministrator(): Promise<boolean>
}
