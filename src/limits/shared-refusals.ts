import type { WaitMs } from './attempt-store'

/**
 * Asks for one key one after the other, and tells a refusal to all who were waiting by then: a burst of guesses costs
 * the store as many steps as may pass, and one. Whoever comes later asks anew, so that nothing is remembered.
 */
export class SharedRefusals {
  private readonly last = new Map<string, Promise<WaitMs>>()

  /** @param ask yields 0 when the attempt may go on. What it rejects with is told to all who wait, too. */
  async ask(key: string, ask: () => Promise<WaitMs>): Promise<WaitMs> {
    const before = this.last.get(key)
    const mine = before ? before.then((waitMs) => (waitMs > 0 ? waitMs : ask())) : ask()
    this.last.set(key, mine)
    try {
      return await mine
    } finally {
      if (this.last.get(key) === mine) this.last.delete(key)
    }
  }
}
