import { EJSON } from 'bson'
import * as fc from 'fast-check'
import { RAW, answerOf, isError, stateOf } from './compare'
import type { Side } from './compare'
import { indexes, operation } from './operations'
import type { Operation } from './operations'
import { newDocuments } from './values'

const OPERATIONS_PER_ROUND = 40
const OPERATIONS_PER_TRANSACTION = 8

const round = fc.record({
  keys: indexes,
  docs: newDocuments,
  operations: fc.array(operation, { minLength: OPERATIONS_PER_ROUND, maxLength: OPERATIONS_PER_ROUND }),
  transactions: fc.constantFrom(false, false, false, true),
})
export type Round = typeof round extends fc.Arbitrary<infer T> ? T : never

/** Endless rounds, the same for the same seed. */
export function* roundsOf(seed: number): Generator<readonly [number, Round]> {
  for (let i = 0; ; i++) {
    for (const one of fc.sample(round, { numRuns: 1, seed: seed * 100_000 + i })) yield [i, one]
  }
}

/** What both said, and which documents they then had; `before` is what they had before. */
export interface Observation {
  readonly command: string
  readonly ours: string
  readonly theirs: string
  readonly before: string
  readonly isRead: boolean
  readonly inTransaction: boolean
}

const isNoCount =
  (name: string) =>
  ({ command }: Operation): boolean =>
    !('count' in command(name))

export type IsExplained = (observation: Observation) => boolean

/** Runs rounds on both sides, and keeps what differs and is not explained. */
export class Comparison {
  operations = 0
  readonly differences: Observation[] = []

  constructor(
    private readonly ours: Side,
    private readonly theirs: Side,
    private readonly isExplained: IsExplained,
  ) {}

  async run(one: Round, name: string): Promise<void> {
    for (const { db } of this.sides) await db.collection<object>(name).insertMany(one.docs as object[])
    await this.createIndexes(one.keys, name)
    // MongoDB knows no count in a transaction.
    if (one.transactions) await this.runInTransactions(one.operations.filter(isNoCount(name)), name)
    else for (const each of one.operations) await this.step(each, name)
    for (const { db } of this.sides) await db.collection(name).drop()
  }

  private get sides(): readonly [Side, Side] {
    return [this.ours, this.theirs]
  }

  /** An index that only one of them takes goes again. */
  private async createIndexes(keys: Round['keys'], name: string): Promise<void> {
    for (const index of keys) {
      const create = { command: () => ({ createIndexes: name, indexes: [index] }), ordered: true }
      const [ours, theirs] = await Promise.all([
        answerOf({ db: this.ours.db }, create, name),
        this.theirs.plain === true ? '' : answerOf({ db: this.theirs.db }, create, name),
      ])
      if (this.theirs.plain === true || isError(ours) === isError(theirs)) continue
      await (isError(ours) ? this.theirs : this.ours).db.command({ dropIndexes: name, index: index.name })
      const before = await stateOf(this.ours, name)
      this.note({
        command: EJSON.stringify(create.command()),
        ours,
        theirs,
        before,
        isRead: false,
        inTransaction: false,
      })
    }
  }

  /** Every other transaction is aborted. The first error ends one, as it does in MongoDB. */
  private async runInTransactions(operations: readonly Operation[], name: string): Promise<void> {
    for (let at = 0; at < operations.length; at += OPERATIONS_PER_TRANSACTION) {
      for (const { session } of this.sides) session?.startTransaction()
      let lives = true
      for (const each of operations.slice(at, at + OPERATIONS_PER_TRANSACTION)) {
        lives &&= await this.step(each, name)
      }
      await this.endTransactions(lives && at % (2 * OPERATIONS_PER_TRANSACTION) === 0, name)
    }
  }

  private async endTransactions(commits: boolean, name: string): Promise<void> {
    for (const { session } of this.sides) {
      if (session?.inTransaction() === true) await (commits ? session.commitTransaction() : session.abortTransaction())
    }
    if (!commits && this.theirs.session === undefined) await this.copyDocuments(name)
    const [ours, theirs] = await this.states(name)
    if (ours === theirs) return
    this.note({ command: commits ? 'commit' : 'abort', ours, theirs, before: '', isRead: false, inTransaction: false })
    await this.copyDocuments(name)
  }

  /** One operation on both. False where a transaction ends with it. */
  private async step(each: Operation, name: string): Promise<boolean> {
    this.operations++
    const document = each.command(name)
    const isRead = ['find', 'count', 'distinct', 'aggregate'].includes(Object.keys(document)[0] ?? '')
    const unchanged = isRead ? '' : await stateOf(this.ours, name)
    const [a, b] = await Promise.all([answerOf(this.ours, each, name), answerOf(this.theirs, each, name)])
    const inTransaction = this.ours.session?.inTransaction() === true
    const failed = inTransaction && (isError(a) || isError(b))
    const [after, other] = isRead || failed ? ['', ''] : await this.states(name)
    if (a === b && after === other) return !failed
    const command = EJSON.stringify(document, { relaxed: false })
    const before = isRead ? await stateOf(this.ours, name) : unchanged
    this.note({ command, ours: `${a} ${after}`, theirs: `${b} ${other}`, before, isRead, inTransaction })
    if (after === other) return !failed
    if (inTransaction) return false
    await this.copyDocuments(name)
    return true
  }

  private note(observation: Observation): void {
    if (!this.isExplained(observation)) this.differences.push(observation)
  }

  private async states(name: string): Promise<readonly [string, string]> {
    const [ours, theirs] = await Promise.all([stateOf(this.ours, name), stateOf(this.theirs, name)])
    return [ours, theirs]
  }

  /** The second gets the documents of the first. */
  private async copyDocuments(name: string): Promise<void> {
    const documents = await this.ours.db.collection(name).find({}, RAW).toArray()
    const copy = this.theirs.db.collection(name)
    await copy.deleteMany({})
    if (documents.length > 0) await copy.insertMany(documents)
  }
}
