import { Binary, Int32 } from 'bson'
import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError } from '../bson/errors'
import { toNumber } from '../bson/exact'
import type { Numeric } from '../bson/types'
import { transactionTooOld } from './write-record'
import type { WriteRecords } from './write-record'

/** What a statement of a write command has done. */
export interface Outcome {
  /** Documents inserted, matched or deleted; an upserted one counts. */
  readonly n: number
  readonly nModified?: number
  readonly upsertedId?: unknown
}

/**
 * What a retryable write has done so far. It is written in the same transactions of the store as the changes: so a
 * statement that is sent again, be it after a restart, is answered as it was and not done again.
 */
export class StatementLog {
  private outcomes = new Map<number, Outcome>()
  /** Of findAndModify: the answer. */
  private answer: Doc | undefined
  private isChanged = false

  constructor(
    private readonly records: WriteRecords,
    private readonly session: string,
    private readonly txnNumber: bigint,
  ) {}

  /** Inside Environment.write, before any look: others may have come since. Throws TransactionTooOld. */
  open(): void {
    const record = this.records.find(this.session)
    if (record === undefined || record.txnNumber < this.txnNumber) return
    if (record.txnNumber > this.txnNumber) throw transactionTooOld(this.txnNumber, record.txnNumber)
    if (record.kind === 'committed') {
      const message = `Cannot retry a write with txnNumber ${this.txnNumber}: it is the number of a transaction`
      throw new CommandError(217, 'IncompleteTransactionHistory', message)
    }
    const results = record.results ?? {}
    this.outcomes = outcomesOf(results)
    this.answer = isDoc(results['answer']) ? results['answer'] : undefined
  }

  outcome(statement: number): Outcome | undefined {
    return this.outcomes.get(statement)
  }

  note(statement: number, outcome: Outcome): void {
    this.outcomes.set(statement, outcome)
    this.isChanged = true
  }

  get recordedAnswer(): Doc | undefined {
    return this.answer
  }

  noteAnswer(answer: Doc): void {
    this.answer = answer
    this.isChanged = true
  }

  /** Inside Environment.write, after the changes. */
  save(): void {
    if (!this.isChanged) return
    this.isChanged = false
    const answer = this.answer === undefined ? {} : { answer: this.answer }
    this.records.put(this.session, this.txnNumber, 'retryable', { ...docOf(this.outcomes), ...answer })
  }
}

/** `plain`: ranges of statements that did one thing, which is all that inserts do; `others` one by one. */
function docOf(outcomes: ReadonlyMap<number, Outcome>): Doc {
  const plain: number[] = []
  const others: Doc[] = []
  for (const [statement, { n, nModified, upsertedId }] of outcomes) {
    if (n === 1 && nModified === undefined) {
      if (plain.length > 0 && plain.at(-1) === statement - 1) plain[plain.length - 1] = statement
      else plain.push(statement, statement)
    } else {
      const modified = nModified === undefined ? {} : { m: new Int32(nModified) }
      others.push({ s: statement, n, ...modified, ...(upsertedId === undefined ? {} : { u: upsertedId }) })
    }
  }
  return { plain: new Binary(Buffer.from(Int32Array.from(plain).buffer)), others }
}

function outcomesOf(results: Doc): Map<number, Outcome> {
  const outcomes = new Map<number, Outcome>()
  const bytes = Buffer.from((results['plain'] as Binary).buffer)
  for (let at = 0; at < bytes.length; at += 8) {
    for (let i = bytes.readInt32LE(at); i <= bytes.readInt32LE(at + 4); i++) outcomes.set(i, { n: 1 })
  }
  for (const { s, n, m, u } of results['others'] as Doc[]) {
    outcomes.set(toNumber(s as Numeric), {
      n: toNumber(n as Numeric),
      ...(m === undefined ? {} : { nModified: toNumber(m as Numeric) }),
      ...(u === undefined ? {} : { upsertedId: u }),
    })
  }
  return outcomes
}
