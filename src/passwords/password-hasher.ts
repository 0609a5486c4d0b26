import { compare, hash } from 'bcrypt'
import { AppError } from '../errors'

/** bcrypt reads no further; longer passwords are refused, never cut. */
export const PASSWORD_BYTES_MAX = 72
export const PASSWORD_BYTES_MIN = 8

const HASHES_WAITING_MAX = 128
const RETRY_AFTER_S = 1

export interface PasswordHasher {
  /** @throws AppError SERVICE_UNAVAILABLE when too many wait. */
  hash(password: string): Promise<string>
  verify(password: string, passwordHash: string): Promise<boolean>
}

export interface HasherOptions {
  /** bcrypt's cost: the logarithm of its rounds. */
  readonly cost: number
  /** Hashes that run at once: the cores. They share libuv's pool with the file system and DNS. */
  readonly concurrency: number
  /** Hashes that may wait for their turn. */
  readonly waitingMax?: number
}

/** bcrypt behind a bounded queue: a flood of hashes is refused early, and does not take the pool from everything else. */
export class BcryptHasher implements PasswordHasher {
  private running = 0
  private readonly waiting: (() => void)[] = []

  constructor(private readonly options: HasherOptions) {}

  async hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password, this.options.cost))
  }

  async verify(password: string, passwordHash: string): Promise<boolean> {
    return this.inTurn(() => compare(password, passwordHash))
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    await this.enter()
    try {
      return await work()
    } finally {
      this.leave()
    }
  }

  private async enter(): Promise<void> {
    if (this.running < this.options.concurrency) {
      this.running += 1
      return
    }
    if (this.waiting.length >= (this.options.waitingMax ?? HASHES_WAITING_MAX)) {
      throw new AppError('SERVICE_UNAVAILABLE', {
        message: 'Too many passwords are being hashed; try again',
        headers: { 'Retry-After': String(RETRY_AFTER_S) },
      })
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** The next one takes over the place: `running` stays. */
  private leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.running -= 1
  }
}
