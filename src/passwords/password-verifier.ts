import { randomBytes } from 'node:crypto'
import { PASSWORD_BYTES_MAX, type PasswordHasher } from './password-hasher'

/** The dearest hash that others are made to look like: a foreign one of cost 31 must not take a missing user a day. */
const COST_MAX = 15
/** What is hashed in place of a password that none can be. */
const STAND_IN = 'stand-in'
/** bcrypt's own form: version, cost, 16 bytes of salt and 23 of hash in its base64. */
const BCRYPT = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LONE_SURROGATE = /\p{Surrogate}/u

export type Rehash = (newHash: string) => Promise<unknown>

/**
 * Checks passwords in a time that tells nothing of the account. Whatever the case, the work of exactly one hash at the
 * configured cost is done, in one turn of the queue:
 * - nobody has the e-mail, or no password: a comparison with a hash that nothing matches;
 * - a password that nobody can have (more than 72 bytes, NUL, lone surrogates): the same;
 * - a stored hash of a lower cost c: after it come hashes of cost c, c + 1, … up to one below the configured cost C;
 *   2^c + 2^c + 2^(c+1) + … + 2^(C-1) = 2^C, so that the sum is the work of one at C;
 * - a stored hash of a higher cost (the setting went down): from the first one on, all others are made to cost as much.
 */
export class PasswordVerifier {
  private cost: number
  private readonly pending = new Set<Promise<void>>()

  /** @param configuredCost the cost of new hashes: those of a lower one are renewed when their password is seen. */
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly configuredCost: number,
  ) {
    this.cost = configuredCost
  }

  /**
   * @param storedHash undefined: there is no such user. null: the user has no password.
   * @param rehash keeps a hash of the same password at the configured cost. It is called after the answer, and what it
   *   does or fails to do changes nothing in it.
   * @throws SERVICE_UNAVAILABLE when too many hashes wait; nothing was compared then.
   */
  async verify(password: string, storedHash: string | null | undefined, rehash?: Rehash): Promise<boolean> {
    const storedCost = costOf(storedHash)
    if (storedCost !== undefined) this.cost = Math.max(this.cost, Math.min(storedCost, COST_MAX))
    if (typeof storedHash !== 'string' || storedCost === undefined || !isPossible(password)) {
      await this.hasher.verify(STAND_IN, unmatchable(this.cost))
      return false
    }
    const matches = await this.hasher.verify(password, storedHash, fillers(storedCost, this.cost))
    if (matches && rehash && storedCost < this.configuredCost) this.renew(password, rehash)
    return matches
  }

  /** Resolves when the hashes that are being renewed are kept, or given up: for an orderly end. */
  async settled(): Promise<void> {
    await Promise.all(this.pending)
  }

  /** Beside the answer and in the queue of all hashes. Where that is full, the next login tries again. */
  private renew(password: string, rehash: Rehash): void {
    const work = this.hasher
      .hash(password)
      .then(rehash)
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => this.pending.delete(work))
    this.pending.add(work)
  }
}

/** bcrypt would cut the one, replace the other, and both would then match what was never typed. */
function isPossible(password: string): boolean {
  return Buffer.byteLength(password) <= PASSWORD_BYTES_MAX && !password.includes('\0') && !LONE_SURROGATE.test(password)
}

/** undefined: not a hash of bcrypt's. */
function costOf(hash: string | null | undefined): number | undefined {
  const cost = BCRYPT.exec(hash ?? '')?.[1]
  return cost === undefined ? undefined : Number(cost)
}

/** Hashes whose work, with that of one at `from`, is the work of one at `to`. */
function fillers(from: number, to: number): readonly string[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => unmatchable(from + i))
}

/** Well-formed, and made of no password: nothing is computed for it, and nothing found will match it. */
function unmatchable(cost: number): string {
  const random = Array.from(randomBytes(53), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return `$2b$${String(cost).padStart(2, '0')}$${random}`
}
