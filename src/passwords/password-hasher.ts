import { join } from 'node:path'
import Piscina from 'piscina'
import { AppError } from '../errors'

/** bcrypt reads no further; longer passwords are refused, never cut. */
export const PASSWORD_BYTES_MAX = 72
export const PASSWORD_BYTES_MIN = 8

/** Hashes that wait in one process: a burst of a hundred callers is served; beyond it they are refused at once. */
const HASHES_WAITING_MAX = 128
/** A thread that had nothing to do for so long ends, and frees its memory. */
const IDLE_MS = 60_000
/**
 * How much below everything else hashes rank for the processor (nice): requests go first, and where strangers share the
 * machine hashes still get a third of what each of those gets.
 */
const NICENESS = 5
const RETRY_AFTER_S = 1
const WORKER_FILE = join(__dirname, 'hashing-worker.cjs')

export interface PasswordHasher {
  /** @throws AppError SERVICE_UNAVAILABLE when too many wait. */
  hash(password: string): Promise<string>

  /**
   * @param fillers hashes that are compared as well, in the same turn, for the time that it takes: they change nothing.
   * @throws as `hash`
   */
  verify(password: string, passwordHash: string, fillers?: readonly string[]): Promise<boolean>
}

export interface HasherOptions {
  /** bcrypt's cost: the logarithm of its rounds. */
  readonly cost: number
  /** Hashes that run at once, each in a thread. */
  readonly concurrency: number
  /** Hashes that may wait for their turn; beyond it they are refused. */
  readonly waitingMax?: number
}

/**
 * bcrypt in threads of its own, of low priority, behind a bounded queue: a flood of hashes is refused early, holds up no
 * request, and leaves libuv's pool to the file system and DNS. Threads begin when they are needed.
 */
export class BcryptHasher implements PasswordHasher {
  private readonly pool: Piscina
  private readonly admittedMax: number
  private admitted = 0

  constructor(private readonly options: HasherOptions) {
    const { concurrency, waitingMax = HASHES_WAITING_MAX } = options
    this.admittedMax = concurrency + waitingMax
    this.pool = new Piscina({
      filename: WORKER_FILE,
      minThreads: 0,
      maxThreads: concurrency,
      idleTimeout: IDLE_MS,
      workerData: { niceness: NICENESS },
    })
  }

  async hash(password: string): Promise<string> {
    return this.inTurn<string>('hash', { password, cost: this.options.cost })
  }

  async verify(password: string, passwordHash: string, fillers: readonly string[] = []): Promise<boolean> {
    return this.inTurn<boolean>('compare', { password, hashes: [passwordHash, ...fillers] })
  }

  /** Ends the threads when what they have begun is done. */
  async close(): Promise<void> {
    await this.pool.close()
  }

  private async inTurn<T>(name: 'hash' | 'compare', task: unknown): Promise<T> {
    if (this.admitted >= this.admittedMax) {
      throw new AppError('SERVICE_UNAVAILABLE', {
        message: 'Too many passwords are being hashed; try again',
        headers: { 'Retry-After': String(RETRY_AFTER_S) },
      })
    }
    this.admitted += 1
    try {
      return (await this.pool.run(task, { name })) as T
    } finally {
      this.admitted -= 1
    }
  }
}

/**
 * Threads for one of so many processes on these cores: its share and one more, for when it has more than its share of
 * the logins. Never more than there are cores.
 */
export function hashingThreads(cores: number, processes: number): number {
  return Math.min(cores, Math.ceil(cores / processes) + 1)
}
