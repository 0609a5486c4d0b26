import { CommandError, noSuchTransaction } from '../bson/errors'
import type { Catalog } from '../storage/catalog'
import { SNAPSHOTS_MAX } from '../storage/environment'
import type { Environment } from '../storage/environment'
import type { Memory } from '../query/memory'
import { Transaction } from '../storage/transaction'
import type { SessionFields } from './session-fields'
import { transactionTooOld } from './write-record'
import type { WriteRecords } from './write-record'

/** MongoDB's default of transactionLifetimeLimitSeconds. */
export const TRANSACTION_LIFETIME_MS = 60_000
/** Open transactions at a time: each holds a snapshot. */
const OPEN_MAX = SNAPSHOTS_MAX
/** Sessions whose last transaction is remembered, open or ended. */
const REMEMBERED_MAX = 10_000

/** The latest transaction of a session. */
interface Latest {
  readonly txnNumber: bigint
  readonly transaction: Transaction
  readonly timer: NodeJS.Timeout
  state: 'open' | 'committing' | 'committed' | 'aborted'
  /** The commands of one transaction follow one another, whatever the client does. */
  last: Promise<unknown>
}

export interface TransactionsParts {
  readonly environment: Environment
  readonly catalog: Catalog
  readonly records: WriteRecords
  readonly memory: Memory
  /** How long one may be open before it is aborted. */
  readonly lifetimeMs: number
  /** Told of each that has ended. */
  readonly onEnd: (transaction: Transaction) => void
}

/** The transactions of all sessions, one at a time in each. */
export class Transactions {
  private readonly sessions = new Map<string, Latest>()
  private openCount = 0

  constructor(private readonly parts: TransactionsParts) {}

  get open(): number {
    return this.openCount
  }

  /** Runs a command within the transaction that it names or starts. One that fails ends the transaction. */
  run<T>(fields: SessionFields, work: (transaction: Transaction) => T | Promise<T>): Promise<T> {
    const latest = fields.starts ? this.start(fields) : this.find(fields)
    return this.inTurn(latest, async () => {
      this.checkOpen(fields, latest)
      try {
        const result = await work(latest.transaction)
        // It may have run out of time while the command was at work.
        this.checkOpen(fields, latest)
        if (latest.transaction.failed) this.abortOpen(latest)
        return result
      } catch (error) {
        this.abortOpen(latest)
        throw error
      }
    })
  }

  /** What has been committed already is committed again in name only. */
  async commit(fields: SessionFields): Promise<void> {
    const { session, txnNumber } = fields
    const latest = this.sessions.get(session)
    if (latest?.txnNumber !== txnNumber) {
      this.checkCommitted(fields)
      return
    }
    await this.inTurn(latest, async () => {
      if (latest.state === 'committed') return
      this.checkOpen(fields, latest)
      latest.state = 'committing'
      try {
        await latest.transaction.commit(() => this.parts.records.put(session, txnNumber, 'committed'))
        this.settle(latest, 'committed')
      } catch (error) {
        this.settle(latest, 'aborted')
        throw error
      }
    })
  }

  private checkCommitted(fields: SessionFields): void {
    const record = this.parts.records.find(fields.session)
    if (record?.txnNumber !== fields.txnNumber || record.kind !== 'committed') this.find(fields)
  }

  async abort(fields: SessionFields): Promise<void> {
    const latest = this.find(fields)
    await this.inTurn(latest, async () => {
      if (latest.state === 'committed') {
        throw new CommandError(256, 'TransactionCommitted', `Transaction ${fields.txnNumber} has been committed.`)
      }
      this.checkOpen(fields, latest)
      this.abortOpen(latest)
    })
  }

  /** A newer number on a session ends what is open there. */
  supersede(session: string, txnNumber: bigint): void {
    const latest = this.sessions.get(session)
    if (latest === undefined) return
    if (latest.txnNumber > txnNumber) throw transactionTooOld(txnNumber, latest.txnNumber)
    if (latest.txnNumber < txnNumber) this.abortOpen(latest)
  }

  /** The session is over, and what is open with it. */
  endSession(session: string): void {
    const latest = this.sessions.get(session)
    if (latest !== undefined) this.abortOpen(latest)
  }

  endAll(): void {
    for (const latest of this.sessions.values()) this.abortOpen(latest)
  }

  private start({ session, txnNumber }: SessionFields): Latest {
    this.supersede(session, txnNumber)
    const present = this.sessions.get(session)
    const record = this.parts.records.find(session)
    if (present?.txnNumber === txnNumber || record?.txnNumber === txnNumber) {
      const message = `Cannot start a transaction at given transaction number ${txnNumber}: there has been one with the same number`
      throw new CommandError(117, 'ConflictingOperationInProgress', message)
    }
    if (record !== undefined && record.txnNumber > txnNumber) throw transactionTooOld(txnNumber, record.txnNumber)
    if (this.openCount >= OPEN_MAX) {
      throw new CommandError(24, 'LockTimeout', `there are ${OPEN_MAX} open transactions already`)
    }
    const transaction = new Transaction(this.parts.environment, this.parts.catalog, this.parts.memory)
    const timer = setTimeout(() => this.abortOpen(latest), this.parts.lifetimeMs)
    timer.unref()
    const latest: Latest = { txnNumber, transaction, timer, state: 'open', last: Promise.resolve() }
    this.openCount++
    this.sessions.delete(session)
    this.sessions.set(session, latest)
    this.forgetOldest()
    return latest
  }

  private find({ session, txnNumber }: SessionFields): Latest {
    const latest = this.sessions.get(session)
    if (latest?.txnNumber === txnNumber) return latest
    const known = latest?.txnNumber ?? this.parts.records.find(session)?.txnNumber
    if (known !== undefined && known > txnNumber) throw transactionTooOld(txnNumber, known)
    throw noSuchTransaction(
      `Given transaction number ${txnNumber} does not match any in-progress transactions. The active transaction number is ${known ?? -1n}`,
    )
  }

  private checkOpen({ txnNumber }: SessionFields, { state }: Latest): void {
    if (state === 'open') return
    if (state === 'committed') {
      throw new CommandError(256, 'TransactionCommitted', `Transaction ${txnNumber} has been committed.`)
    }
    throw noSuchTransaction(`Transaction with { txnNumber: ${txnNumber} } has been aborted.`)
  }

  private inTurn<T>(latest: Latest, work: () => Promise<T>): Promise<T> {
    const result = latest.last.then(work)
    latest.last = result.catch(() => undefined)
    return result
  }

  /** A commit that is under way is left to end as it may. */
  private abortOpen(latest: Latest): void {
    if (latest.state !== 'open') return
    latest.transaction.abort()
    this.settle(latest, 'aborted')
  }

  private settle(latest: Latest, state: 'committed' | 'aborted'): void {
    latest.state = state
    clearTimeout(latest.timer)
    this.openCount--
    this.parts.onEnd(latest.transaction)
  }

  private forgetOldest(): void {
    if (this.sessions.size <= REMEMBERED_MAX) return
    for (const [session, { state }] of this.sessions) {
      if (state !== 'committed' && state !== 'aborted') continue
      this.sessions.delete(session)
      return
    }
  }
}
