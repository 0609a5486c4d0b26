import { UserNotFoundError } from '../errors'
import type { LoginGuard } from '../limits/login-guard'
import type { UserAccessService } from '../users/user-access.service'

export interface LockoutDeps {
  readonly users: Pick<UserAccessService, 'access'>
  readonly logins: Pick<LoginGuard, 'unlock'>
}

/** Accounts that are locked after too many failed logins. */
export class LockoutService {
  constructor(private readonly deps: LockoutDeps) {}

  /**
   * Gives a user its attempts back, whether or not it is locked. @throws UserNotFoundError, SERVICE_UNAVAILABLE
   */
  async unlock(userId: string): Promise<void> {
    const user = await this.deps.users.access(userId)
    if (!user) throw new UserNotFoundError()
    await this.deps.logins.unlock(user.email)
  }
}
