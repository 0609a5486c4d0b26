import type { AttemptRules, AttemptStore, Outcome } from './attempt-store'

/**
 * Counts in the first store while it answers, and in the second while it does not. The two count apart, so that an
 * account has its attempts once more when the first goes; but its locks are in the second too, and hold on.
 */
export class InsuredAttemptStore implements AttemptStore {
  constructor(
    private readonly first: AttemptStore,
    private readonly second: AttemptStore,
  ) {}

  async reserve(key: string, rules: AttemptRules, now: Date): Promise<number> {
    return this.first.reserve(key, rules, now).catch(() => this.second.reserve(key, rules, now))
  }

  async settle(key: string, rules: AttemptRules, outcome: Outcome, now: Date): Promise<boolean> {
    const settled = this.first.settle(key, rules, outcome, now).then((locked) => ({ locked }))
    const known = await settled.catch(() => undefined)
    if (!known) return this.second.settle(key, rules, outcome, now)
    // There one failure is enough to lock.
    if (known.locked) await this.second.settle(key, { ...rules, max: 1 }, 'failed', now)
    return known.locked
  }

  async clear(key: string): Promise<void> {
    const [, second] = await Promise.allSettled([this.first.clear(key), this.second.clear(key)])
    if (second.status === 'rejected') throw second.reason
  }
}
