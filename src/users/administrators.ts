import { ADMIN_ROLE } from '../roles/role.service'
import type { User } from './user'

/** An administrator for the guard: active, and ADMIN by a grant without end. Others may stop being one unasked. */
export function isAdministrator(user: Pick<User, 'is_active' | 'grants'>): boolean {
  return user.is_active && user.grants.some(({ role, expires_at }) => role === ADMIN_ROLE && expires_at === null)
}

/** A leave that was given: to be given back when the change did not happen after all. */
export interface Leave {
  readonly id: string
  readonly token: string
}

/**
 * Sees to it that one administrator remains, also when many are removed at once and the store knows no transactions.
 * It keeps a set that is always a part of the true administrators, in one place that changes in one step. Who
 * stops being an administrator leaves the set first, and is let go only if somebody else is in it; who becomes
 * one joins it afterwards.
 */
export interface AdministratorsGuard {
  /**
   * Lets a user go, who has this stored version. Nothing but a change of exactly that version may follow.
   * @throws LastAdminError
   */
  leave(id: string, version: number): Promise<Leave>

  /** The change that leave was given for did not happen, for certain, and the user still is one in this version. */
  stay(leave: Leave, version: number): Promise<void>

  /** The user became an administrator with this stored version. */
  join(id: string, version: number): Promise<void>
}
