import { createHash } from 'node:crypto'
import { AppError, type ErrorCode } from '../errors'
import { networkOf } from './address'
import type { AttemptRules, AttemptStore, Outcome, WaitMs } from './attempt-store'
import type { Attempt, LoginGuard } from './login-guard'
import { refusalHeaders } from './rate-headers'
import { SharedRefusals } from './shared-refusals'

export interface LoginRules {
  readonly attemptsMax: number
  readonly addressAttemptsMax: number
  readonly windowS: number
  readonly lockS: number
  readonly lockMaxS: number
}

export interface LoginGuardDeps {
  readonly store: AttemptStore
  readonly rules: LoginRules
  readonly clock: () => Date
  /** Called once when a lock begins, for whatever was tried as an account. It must neither wait nor throw. */
  readonly onLocked?: (account: string) => void
}

const SECOND_MS = 1_000
const QUIET_MS = 24 * 60 * 60 * SECOND_MS

/** One of the two things that are counted for an attempt. */
interface Counter {
  readonly name: string
  readonly key: string
  readonly rules: AttemptRules
  readonly refusal: ErrorCode
}

/**
 * Places are taken before the password is hashed, and given back when it was right: however many attempts come at once,
 * on whatever process, no more are hashed than may fail. An address comes first, so that one that is refused takes no
 * place of the accounts that it tries.
 */
export class StoredLoginGuard implements LoginGuard {
  private readonly refusals = new SharedRefusals()

  constructor(private readonly deps: LoginGuardDeps) {}

  async begin(account: string, address: string): Promise<Attempt> {
    const [from, of] = [this.addressCounter(address), this.accountCounter(account)]
    await this.reserve(from, (ask) => ask())
    try {
      await this.reserve(of, (ask) => this.refusals.ask(of.key, ask))
    } catch (error) {
      // Nothing was tried: knocking at a locked account must not shut out all others behind the address. Whoever is
      // refused need not wait for that.
      void this.settle(from, 'abandoned')
      throw error
    }
    const settle = async (outcome: Outcome) => {
      const [locked] = await Promise.all([this.settle(of, outcome), this.settle(from, outcome)])
      if (locked) this.deps.onLocked?.(account)
    }
    return {
      succeeded: () => settle('succeeded'),
      failed: () => settle('failed'),
      abandoned: () => settle('abandoned'),
    }
  }

  async unlock(account: string): Promise<void> {
    await this.deps.store.clear(this.accountCounter(account).key)
  }

  /** @throws the counter's refusal */
  private async reserve(
    { name, key, rules, refusal }: Counter,
    inTurn: (ask: () => Promise<WaitMs>) => Promise<WaitMs>,
  ): Promise<void> {
    const waitMs = await inTurn(() => this.deps.store.reserve(key, rules, this.deps.clock()))
    if (waitMs === 0) return
    const resetS = Math.ceil(waitMs / SECOND_MS)
    const headers = refusalHeaders({ name, quota: rules.max, windowS: rules.windowMs / SECOND_MS, resetS })
    throw new AppError(refusal, { headers })
  }

  /**
   * A store that fails now changes no answer: the place stays taken until the window is over, which errs on the safe
   * side.
   */
  private async settle({ key, rules }: Counter, outcome: Outcome): Promise<boolean> {
    return this.deps.store.settle(key, rules, outcome, this.deps.clock()).catch(() => false)
  }

  private accountCounter(account: string): Counter {
    const { attemptsMax, windowS, lockS, lockMaxS } = this.deps.rules
    const lock = { firstMs: lockS * SECOND_MS, maxMs: Math.max(lockS, lockMaxS) * SECOND_MS, quietMs: QUIET_MS }
    const rules = { max: attemptsMax, windowMs: windowS * SECOND_MS, forgiving: true, lock }
    return { name: 'login-account', key: digest('account', account), rules, refusal: 'ACCOUNT_LOCKED' }
  }

  private addressCounter(address: string): Counter {
    const { addressAttemptsMax, windowS } = this.deps.rules
    const rules = { max: addressAttemptsMax, windowMs: windowS * SECOND_MS, forgiving: false }
    return { name: 'login-address', key: digest('address', networkOf(address)), rules, refusal: 'RATE_LIMITED' }
  }
}

/** Whoever reads the counters learns no e-mail that it does not know. */
function digest(kind: string, value: string): string {
  return `${kind}:${createHash('sha256').update(value).digest('base64url')}`
}
