import { UserNotFoundError } from '../errors'
import type { Effect } from '../http/effect'
import type { DeletedUsersService, UserRecord } from '../users/deleted-users.service'
import type { PersonalData } from './personal-data'

/** Users that are purged between two looks at the store. */
const BATCH = 100

export interface PersonalExport extends UserRecord {
  readonly exported_at: string
  /** By the name of each kind of data. */
  readonly [kind: string]: unknown
}

export interface PrivacyDeps {
  readonly users: DeletedUsersService
  readonly holdings: readonly PersonalData[]
  readonly clock: () => Date
}

/** What is held on a person: to hand it out, and to let it go. Every method may reject with SERVICE_UNAVAILABLE. */
export class PrivacyService {
  constructor(private readonly deps: PrivacyDeps) {}

  /**
   * All that is held on a person, living or deleted and not purged yet. No secret and no hash of one is in it.
   * @throws UserNotFoundError
   */
  async exportFor(id: string): Promise<PersonalExport> {
    const record = await this.deps.users.record(id)
    if (!record) throw new UserNotFoundError()
    const holdings = this.deps.holdings.map(async (holding) => [holding.name, await holding.exportFor(id)] as const)
    return {
      exported_at: this.deps.clock().toISOString(),
      ...record,
      ...Object.fromEntries(await Promise.all(holdings)),
    }
  }

  /**
   * Takes a deleted user away for good, and all else that is held on the person.
   * @param effect an earlier attempt may have done so already.
   * @throws UserNotFoundError
   */
  async purge(id: string, effect?: Effect): Promise<void> {
    if (!(await this.purgeIfDeleted(id)) && !effect?.resumed) throw new UserNotFoundError()
  }

  /** Purges those whose time is over. @returns how many. */
  async purgeDue(): Promise<number> {
    let purged = 0
    for (;;) {
      const ids = await this.deps.users.due(BATCH)
      for (const id of ids) {
        if (await this.purgeIfDeleted(id)) purged += 1
        // What an interrupted deletion left beside a living user.
        else await this.deps.users.erase(id)
      }
      if (ids.length < BATCH) return purged
    }
  }

  /** How many were deleted before `instant`, whether the time to come back is over or not. */
  async countDeletedBefore(instant: Date): Promise<number> {
    let count = 0
    for await (const ids of this.deletedBefore(instant)) count += ids.length
    return count
  }

  /**
   * Purges everybody who was deleted before `instant`, whether the time to come back is over or not.
   * @param onEach called after each of them, also after one who was purged by somebody else. @returns how many.
   */
  async purgeDeletedBefore(instant: Date, onEach: () => void): Promise<number> {
    let count = 0
    for await (const ids of this.deletedBefore(instant)) {
      for (const id of ids) {
        if (await this.purgeIfDeleted(id)) count += 1
        onEach()
      }
    }
    return count
  }

  private async *deletedBefore(instant: Date): AsyncGenerator<readonly string[]> {
    let after: string | undefined
    for (;;) {
      const ids = await this.deps.users.deletedBefore(instant, after, BATCH)
      yield ids
      after = ids.at(-1)
      if (ids.length < BATCH) return
    }
  }

  /**
   * First nobody can bring the user back; then goes what is held beside it; it goes last. After a crash between, whoever
   * purges next does the rest: at the latest the sweep.
   */
  private async purgeIfDeleted(id: string): Promise<boolean> {
    const email = await this.deps.users.close(id)
    if (email === undefined) return false
    await Promise.all(this.deps.holdings.map((holding) => holding.eraseFor(id, email)))
    await this.deps.users.erase(id)
    return true
  }
}
