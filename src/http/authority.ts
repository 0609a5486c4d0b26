import { AppError } from '../errors'
import type { Caller, Permissions } from './caller'

/** Knows who may do more than whom. */
export interface Authority {
  /** @throws FORBIDDEN when the user may do more than the caller. Nobody's id has nothing to protect. */
  requireOver(caller: Caller, userId: string): Promise<void>
}

/** For a service without accounts, and for tests of what lies behind. */
export const openAuthority: Authority = { requireOver: async () => undefined }

/**
 * Nobody gives away what it lacks.
 * @throws FORBIDDEN, naming each of `permissions`, a field of the body, that `held` does not cover
 */
export function requireHeld(held: Permissions, permissions: readonly string[]): void {
  if (held === 'all') return
  const errors = permissions.flatMap((permission, at) =>
    held.has(permission)
      ? []
      : [{ field: `permissions.${at}`, code: 'access.escalation', message: `The caller lacks ${permission}` }],
  )
  if (errors.length > 0) throw new AppError('FORBIDDEN', { errors })
}
