import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientSession, type Collection, MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'

/** More on demand: TRANSACTION_CRASH_ROUNDS=100 */
const ROUNDS = Number(process.env['TRANSACTION_CRASH_ROUNDS'] ?? 5)
const WRITERS = 16
const ACCOUNTS = 40
const AMOUNT = 1_000
const TRANSFERS_BEFORE_THE_KILL = 60
const ROUND_MS = 60_000

interface Account {
  _id: number
  amount: number
}
interface Transfer {
  _id: string
  from: number
  to: number
}

async function connect({ uri }: Engine): Promise<MongoClient> {
  return MongoClient.connect(uri, { maxPoolSize: WRITERS, serverSelectionTimeoutMS: 1_000 })
}

async function transfer(client: MongoClient, session: ClientSession, { _id, from, to }: Transfer): Promise<void> {
  const db = client.db('bank')
  const accounts: Collection<Account> = db.collection('accounts')
  await accounts.updateOne({ _id: from }, { $inc: { amount: -1 } }, { session })
  await accounts.updateOne({ _id: to }, { $inc: { amount: 1 } }, { session })
  await db.collection<Transfer>('transfers').insertOne({ _id, from, to }, { session })
}

/** Moves amounts until the engine is gone, and notes what was acknowledged. */
async function moveUntilItDies(client: MongoClient, writer: string, acknowledged: Set<string>): Promise<void> {
  const any = () => Math.floor(Math.random() * ACCOUNTS)
  for (let i = 0; ; i++) {
    const session = client.startSession()
    const _id = `${writer}:${i}`
    const from = any()
    const to = (from + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS
    try {
      await session.withTransaction(() => transfer(client, session, { _id, from, to }), { maxCommitTimeMS: 1_000 })
      acknowledged.add(_id)
    } catch {
      return
    } finally {
      void session.endSession().catch(() => undefined)
    }
  }
}

async function check(client: MongoClient, acknowledged: ReadonlySet<string>): Promise<void> {
  const db = client.db('bank')
  const accounts = await db.collection<Account>('accounts').find().toArray()
  const transfers = await db.collection<Transfer>('transfers').find().toArray()
  const expected = new Map(accounts.map(({ _id }) => [_id, AMOUNT]))
  for (const { from, to } of transfers) {
    expected.set(from, expected.get(from)! - 1)
    expected.set(to, expected.get(to)! + 1)
  }
  expect(accounts.reduce((sum, { amount }) => sum + amount, 0)).toBe(ACCOUNTS * AMOUNT)
  expect(new Map(accounts.map(({ _id, amount }) => [_id, amount]))).toEqual(expected)
  const kept = new Set(transfers.map(({ _id }) => _id))
  expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([])
  for (const name of ['accounts', 'transfers']) {
    expect(await db.command({ validate: name })).toMatchObject({ valid: true, errors: [] })
  }
}

it(
  `SIGKILL under ${WRITERS} writers with transactions, ${ROUNDS} times: nothing half, nothing lost`,
  async () => {
    const dbpath = await mkdtemp(join(tmpdir(), 'engine-transactions-'))
    const acknowledged = new Set<string>()
    for (let round = 0; round <= ROUNDS; round++) {
      const engine = await startEngine({ dbpath })
      const client = await connect(engine)
      try {
        if (round > 0) await check(client, acknowledged)
        else await prepare(client)
        if (round === ROUNDS) break
        const before = acknowledged.size
        const writers = Array.from({ length: WRITERS }, (_, n) =>
          moveUntilItDies(client, `${round}:${n}`, acknowledged),
        )
        while (acknowledged.size < before + TRANSFERS_BEFORE_THE_KILL) {
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        await engine.kill()
        await Promise.all(writers)
      } finally {
        await engine.kill()
        await client.close()
      }
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(ROUNDS * TRANSFERS_BEFORE_THE_KILL)
    await rm(dbpath, { recursive: true, force: true })
  },
  ROUND_MS * (ROUNDS + 1),
)

async function prepare(client: MongoClient): Promise<void> {
  const db = client.db('bank')
  await db.collection('transfers').createIndex({ from: 1, to: 1 })
  await db.collection<Account>('accounts').createIndex({ amount: 1 })
  const accounts = Array.from({ length: ACCOUNTS }, (_, _id) => ({ _id, amount: AMOUNT }))
  await db.collection<Account>('accounts').insertMany(accounts)
}
