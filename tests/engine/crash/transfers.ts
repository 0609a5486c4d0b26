import type { ClientSession, Collection, Db, MongoClient } from 'mongodb'
import { anyBelow, DATABASE, type Workload, type Writer } from './workload'

const ACCOUNTS = 60
const AMOUNT = 1_000

interface Account {
  _id: number
  amount: number
  /** Under a multikey index: what the account has to do with. */
  partners: number[]
}
interface Transfer {
  _id: string
  from: number
  to: number
  /** Under a unique index. */
  reference: string
  /** Under a partial index: only some have it. */
  fee?: number
}

/** Transactions that move amounts between accounts, and say so in a second collection. */
export class Transfers implements Workload {
  readonly collections = ['accounts', 'transfers']
  private readonly known = new Set<string>()

  get acknowledged(): number {
    return this.known.size
  }

  async prepare(db: Db): Promise<void> {
    await db
      .collection('transfers')
      .createIndexes([
        { key: { reference: 1 }, unique: true },
        { key: { from: 1, to: -1 } },
        { key: { fee: 1 }, partialFilterExpression: { fee: { $exists: true } } },
      ])
    await db.collection('accounts').createIndexes([{ key: { partners: 1, amount: 1 } }])
    await accountsOf(db).insertMany(
      Array.from({ length: ACCOUNTS }, (_, _id) => ({ _id, amount: AMOUNT, partners: [] })),
    )
  }

  async write({ client, name }: Writer): Promise<void> {
    for (let i = 0; ; i++) {
      const session = client.startSession()
      const from = anyBelow(ACCOUNTS)
      const to = (from + 1 + anyBelow(ACCOUNTS - 1)) % ACCOUNTS
      const _id = `${name}:${i}`
      const transfer = { _id, from, to, reference: `r${_id}`, ...(i % 3 === 0 && { fee: i }) }
      try {
        await session.withTransaction(() => move(client, session, transfer), { maxCommitTimeMS: 1_000 })
        this.known.add(_id)
      } catch {
        return
      } finally {
        void session.endSession().catch(() => undefined)
      }
    }
  }

  async check(db: Db): Promise<void> {
    const accounts = await accountsOf(db).find().toArray()
    const transfers = await db.collection<Transfer>('transfers').find().toArray()
    const expected = new Map(accounts.map(({ _id }) => [_id, { _id, amount: AMOUNT, partners: new Set<number>() }]))
    for (const { from, to } of transfers) {
      expected.get(from)!.amount--
      expected.get(from)!.partners.add(to)
      expected.get(to)!.amount++
      expected.get(to)!.partners.add(from)
    }
    const found = accounts.map((account) => ({ ...account, partners: new Set(account.partners) }))
    expect(found).toEqual(accounts.map(({ _id }) => expected.get(_id)))
    expect(accounts).toHaveLength(ACCOUNTS)
    const kept = new Set(transfers.map(({ _id }) => _id))
    expect([...this.known].filter((id) => !kept.has(id))).toEqual([])
  }
}

const accountsOf = (db: Db): Collection<Account> => db.collection('accounts')

async function move(client: MongoClient, session: ClientSession, transfer: Transfer): Promise<void> {
  const db = client.db(DATABASE)
  const { from, to } = transfer
  await accountsOf(db).updateOne({ _id: from }, { $inc: { amount: -1 }, $addToSet: { partners: to } }, { session })
  await accountsOf(db).updateOne({ _id: to }, { $inc: { amount: 1 }, $addToSet: { partners: from } }, { session })
  await db.collection<Transfer>('transfers').insertOne(transfer, { session })
}
