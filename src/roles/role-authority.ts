import { AppError } from '../errors'
import { type Caller, lacking } from '../http/caller'

/** A role that carries what the caller lacks is not the caller's to change, rename or delete. @throws FORBIDDEN */
export function requireOverRole(caller: Caller, permissions: readonly string[]): void {
  if (lacking(caller, new Set(permissions)).length === 0) return
  throw new AppError('FORBIDDEN', { message: 'This role carries permissions that the caller lacks' })
}
