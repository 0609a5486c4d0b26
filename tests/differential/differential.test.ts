import { type Db, type Document, MongoClient } from 'mongodb'
import { type Engine, startEngine } from '../engine/start-engine'
import { answerOf, stateOf } from './compare'
import { KNOWN_DIFFERENCES } from './known-differences'
import type { Operation } from './operations'
import { SIDE, SIDE_DOCUMENTS } from './pipelines'
import { Comparison, roundsOf } from './rounds'
import type { Observation } from './rounds'

/** The other server; without one a second engine stands in, which checks this test more than the engine. */
const OTHER_URI = process.env['SECANTUS_URI']
const OPERATIONS = Number(process.env['DIFFERENTIAL_OPERATIONS'] ?? (OTHER_URI === undefined ? 400 : 20_000))
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 1)
const DIFFERENCES_SHOWN = Number(process.env['DIFFERENTIAL_SHOWN'] ?? 10)
/** Far more than an operation takes, on a machine that is busy too. */
const OPERATION_MS_MAX = 100

const engines: Engine[] = []
const clients: MongoClient[] = []
let ours: MongoClient
let theirs: MongoClient
const database = (client: MongoClient): Db => client.db(`differential_${process.pid}`)

async function connect(uri: string): Promise<MongoClient> {
  const client = await MongoClient.connect(uri, { directConnection: true })
  clients.push(client)
  await database(client)
    .collection<object>(SIDE)
    .insertMany(SIDE_DOCUMENTS.map((document) => ({ ...document })))
  return client
}

beforeAll(async () => {
  engines.push(await startEngine())
  if (OTHER_URI === undefined) engines.push(await startEngine())
  ours = await connect(engines[0]?.uri ?? '')
  theirs = await connect(OTHER_URI ?? engines[1]?.uri ?? '')
})
afterAll(async () => {
  await Promise.all(clients.map((client) => database(client).dropDatabase()))
  await Promise.all(clients.map((client) => client.close()))
  await Promise.all(engines.map((engine) => engine.stop()))
})

const met = new Map<string, number>()
function isKnown(observation: Observation): boolean {
  const known = KNOWN_DIFFERENCES.find(({ explains }) => explains(observation))
  if (known !== undefined) met.set(known.name, (met.get(known.name) ?? 0) + 1)
  return known !== undefined
}

it(
  `${OPERATIONS} operations on both give the same answers and the same documents (DIFFERENTIAL_SEED=${SEED})`,
  async () => {
    const [one, other] = [ours, theirs].map((client) => ({ db: database(client), session: client.startSession() }))
    if (one === undefined || other === undefined) throw new Error('There are two of them')
    const comparison = new Comparison(one, other, isKnown)
    for (const [i, round] of roundsOf(SEED)) {
      await comparison.run(round, `c${i}`)
      if (comparison.operations >= OPERATIONS || comparison.differences.length >= DIFFERENCES_SHOWN) break
    }
    expect(comparison.differences.slice(0, DIFFERENCES_SHOWN)).toEqual([])
    // A server that differs from itself in a known way would be a server with a fault.
    if (OTHER_URI === undefined) expect([...met]).toEqual([])
    else process.stdout.write([...met].map(([name, times]) => `${times} × ${name}\n`).join(''))
  },
  10_000 + OPERATIONS * OPERATION_MS_MAX,
)

it('notices an answer, a code and a document that differ', async () => {
  for (const [client, n] of [
    [ours, 1],
    [theirs, 2],
  ] as const) {
    await database(client)
      .collection<object>('planted')
      .insertOne({ _id: 1, n } as object)
  }
  const [a, b] = [{ db: database(ours) }, { db: database(theirs) }]
  const operation = (of: Document): Operation => ({ command: (name) => ({ find: name, ...of }), ordered: true })
  expect(await answerOf(a, operation({}), 'planted')).not.toBe(await answerOf(b, operation({}), 'planted'))
  expect(await stateOf(a, 'planted')).not.toBe(await stateOf(b, 'planted'))
  expect(await answerOf(a, operation({ filter: { n: { $nope: 1 } } }), 'planted')).toBe('error 2')
})
