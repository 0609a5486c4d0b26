import { Binary, Int32 } from 'bson'
import { isDoc, readDoc, writeDoc } from '../bson/doc'
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
  private isRecorded = false

  constructor(
    private readonly records: WriteRecords,
    private readonly session: string,
    private readonly txnNumber: bigint,
  ) {}

  /** Inside Environment.write, before any look: others may have come since. Throws TransactionTooOld. */
  open(): void {
    const record = this.records.find(this.session)
    this.isRecorded = record !== undefined
    if (record === undefined || record.txnNumber < this.txnNumber) return
    if (record.txnNumber > this.txnNumber) throw transactionTooOld(this.txnNumber, record.txnNumber)
    if (record.kind === 'committed') {
      const message = `Cannot retry a write with txnNumber ${this.txnNumber}: it is the number of a transaction`
      throw new CommandError(217, 'IncompleteTransactionHistory', message)
    }
    const results = readDoc(record.results)
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

  /** In the same Environment.write as `open`, after the changes. */
  save(): void {
    if (!this.isChanged) return
    this.isChanged = false
    this.records.put(this.session, this.txnNumber, 'retryable', this.toBytes(), this.isRecorded)
  }

  private toBytes(): Uint8Array {
    const [only] = this.outcomes
    const single = this.outcomes.size === 1 && this.answer === undefined ? only : undefined
    const bytes = single === undefined ? undefined : bytesOfOne(...single)
    if (bytes !== undefined) return bytes
    return writeDoc({ ...docOf(this.outcomes), ...(this.answer === undefined ? {} : { answer: this.answer }) })
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

/** What docOf says of a single insert, and of a single update or delete, to be filled in: most writes are one of them. */
const ONE_PLAIN = Buffer.from(writeDoc(docOf(new Map([[0, { n: 1 }]]))))
const ONE_UPDATE = Buffer.from(writeDoc(docOf(new Map([[0, { n: 0, nModified: 0 }]]))))
/** Where the numbers stand, from the end: each is 4 bytes, and has 3 in front: its type and its name. */
const FROM_END = { m: 7, n: 14, s: 21 } as const
const PLAIN_OFFSET = ONE_PLAIN.indexOf('plain') + 'plain'.length + 1 + 5

/** undefined where it is none of them. */
function bytesOfOne(statement: number, { n, nModified, upsertedId }: Outcome): Buffer | undefined {
  if (upsertedId !== undefined || statement !== (statement | 0)) return undefined
  if (nModified === undefined) {
    if (n !== 1) return undefined
    const bytes = Buffer.from(ONE_PLAIN)
    bytes.writeInt32LE(statement, bytes.writeInt32LE(statement, PLAIN_OFFSET))
    return bytes
  }
  const bytes = Buffer.from(ONE_UPDATE)
  bytes.writeInt32LE(statement, bytes.length - FROM_END.s)
  bytes.writeInt32LE(n, bytes.length - FROM_END.n)
  bytes.writeInt32LE(nModified, bytes.length - FROM_END.m)
  return bytes
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
