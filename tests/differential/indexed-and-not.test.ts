import { type Db, MongoClient } from 'mongodb'
import { type Engine, startEngine } from '../engine/start-engine'
import { isError } from './compare'
import { sameDistinctValues } from './known-differences'
import { SIDE, SIDE_DOCUMENTS } from './pipelines'
import { Comparison, roundsOf } from './rounds'
import type { Observation } from './rounds'

const OPERATIONS = Number(process.env['PLANS_OPERATIONS'] ?? 1_000)
const SEED = Number(process.env['PLANS_SEED'] ?? 1)
const DIFFERENCES_SHOWN = 10
/** Far more than an operation takes, on a machine that is busy too. */
const OPERATION_MS_MAX = 100

let engine: Engine
let client: MongoClient

beforeAll(async () => {
  engine = await startEngine()
  client = await MongoClient.connect(engine.uri, { directConnection: true })
})
afterAll(async () => {
  await client.close()
  await engine.stop()
})

async function databaseWithSide(name: string): Promise<Db> {
  const db = client.db(name)
  await db.collection<object>(SIDE).insertMany(SIDE_DOCUMENTS.map((document) => ({ ...document })))
  return db
}

/** What may depend on the order of a scan: how far a write came that fails, and which of equal values is shown. */
function isFree(observation: Observation): boolean {
  const { command, ours, theirs, isRead } = observation
  if (isRead) return command.startsWith('{"distinct"') && sameDistinctValues(observation)
  return isError(ours) && isError(theirs)
}

it(
  `${OPERATIONS} operations, with indexes and in transactions, find and do what they do without (PLANS_SEED=${SEED})`,
  async () => {
    const indexed = { db: await databaseWithSide('indexed'), session: client.startSession() }
    const plain = { db: await databaseWithSide('plain'), plain: true }
    const comparison = new Comparison(indexed, plain, isFree)
    for (const [i, round] of roundsOf(SEED)) {
      // A unique index is there to make a difference.
      await comparison.run({ ...round, keys: round.keys.filter(({ unique }) => unique !== true) }, `c${i}`)
      if (comparison.operations >= OPERATIONS || comparison.differences.length >= DIFFERENCES_SHOWN) break
    }
    expect(comparison.differences.slice(0, DIFFERENCES_SHOWN)).toEqual([])
  },
  10_000 + OPERATIONS * OPERATION_MS_MAX,
)
