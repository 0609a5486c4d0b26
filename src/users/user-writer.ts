import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, UserNotFoundError, VersionMismatchError } from '../errors'
import type { IfMatch } from '../http/etag'
import { type AdministratorsGuard, isAdministrator } from './administrators'
import { liveGrants, sameGrants, visibleVersion } from './grants'
import type { User } from './user'
import type { AccessEffect, UserDao } from './user.dao'

/** What a change makes of a user; the rest of the user, its version and its dates are the writer's. */
export interface Change {
  readonly user: User
  readonly passwordHash?: string | undefined
}

/** undefined: there is nothing to change. */
export type Compute = (present: User) => Promise<Change | undefined> | Change | undefined

/** How often a change is tried again because somebody else was faster, and how long it waits between, at most. */
const ATTEMPTS_MAX = 100
const PAUSE_MS_MAX = 20

/** Read, compute, compare and set: nobody's change is lost, and a version that was asked for is the one that changes. */
export class UserWriter {
  constructor(
    private readonly dao: UserDao,
    private readonly guard: AdministratorsGuard,
    private readonly clock: () => Date,
    private readonly random: () => number = Math.random,
  ) {}

  /** @throws UserNotFoundError, VersionMismatchError, LastAdminError, EmailTakenError, CONFLICT, and what `compute` throws */
  async change(id: string, ifMatch: IfMatch, compute: Compute): Promise<User> {
    return this.retrying(id, ifMatch, async (present, now) => {
      const change = await compute(present)
      if (!change) return present
      const user = nextVersion(present, change.user, now)
      const effect = effectOf(present, user, change.passwordHash)
      const write = () => this.dao.replace(user, present.version, change.passwordHash, effect)
      const written = await this.guarded(present, isAdministrator(user), write)
      if (written && !isAdministrator(present) && isAdministrator(user)) await this.guard.join(id, user.version)
      return written ? user : undefined
    })
  }

  /**
   * @param permit throws when exactly this state may not be removed.
   * @param releaseEmail its e-mail is free at once, whatever the settings say.
   * @returns the user as it was.
   */
  async remove(
    id: string,
    ifMatch: IfMatch,
    purgeAt: (now: Date) => Date,
    permit: (present: User) => Promise<void>,
    releaseEmail = false,
  ): Promise<User> {
    return this.retrying(id, ifMatch, async (present, now) => {
      await permit(present)
      const remove = () => this.dao.remove(id, present.version, now, purgeAt(now), releaseEmail)
      return (await this.guarded(present, false, remove)) ? present : undefined
    })
  }

  private async retrying(
    id: string,
    ifMatch: IfMatch,
    attempt: (present: User, now: Date) => Promise<User | undefined>,
  ): Promise<User> {
    for (let tried = 0; tried < ATTEMPTS_MAX; tried += 1) {
      const present = await this.dao.find(id)
      if (!present) throw new UserNotFoundError()
      const now = this.clock()
      if (Array.isArray(ifMatch) && !ifMatch.includes(visibleVersion(present, now))) throw new VersionMismatchError()
      const done = await attempt(present, now)
      if (done) return done
      await sleep(this.random() * PAUSE_MS_MAX)
    }
    throw new AppError('CONFLICT')
  }

  /** Asks the guard before an administrator goes; whoever did not go after all is told to stay. */
  private async guarded(present: User, remains: boolean, write: () => Promise<boolean>): Promise<boolean> {
    if (!isAdministrator(present) || remains) return write()
    const leave = await this.guard.leave(present.id, present.version)
    const stay = async () => {
      const user = await this.dao.find(present.id)
      if (user && isAdministrator(user)) await this.guard.stay(leave, user.version)
    }
    try {
      const written = await write()
      if (!written) await stay()
      return written
    } catch (error) {
      // Refused for certain. After anything else the write may yet happen: the user stays out, the guard finds it later.
      if (error instanceof AppError && error.code === 'EMAIL_TAKEN') await stay()
      throw error
    }
  }
}

/** A new password and being disabled end every session; other changes of access hold at once in those that are open. */
function effectOf(present: User, next: User, passwordHash: string | undefined): AccessEffect | undefined {
  if (passwordHash !== undefined || (present.is_active && !next.is_active)) return 'sessions'
  const same = next.is_active === present.is_active && next.email === present.email
  return same && sameGrants(present.grants, next.grants) ? undefined : 'access'
}

/** The visible version rises by one: ended grants are cleared away, and the stored version takes over their count. */
export function nextVersion(present: User, changed: User, now: Date): User {
  return {
    ...changed,
    grants: liveGrants(changed, now),
    updated_at: now,
    version: visibleVersion(present, now) + 1,
  }
}
