import { EJSON } from 'bson'
import * as fc from 'fast-check'
import { type Db, MongoClient } from 'mongodb'
import { type Engine, startEngine } from '../engine/start-engine'
import { answerOf, stateOf } from './compare'
import { KNOWN_DIFFERENCES } from './known-differences'
import { indexes, newDocuments, operation } from './operations'
import type { Operation } from './operations'

/** The other server; without one a second engine stands in, which checks this test more than the engine. */
const OTHER_URI = process.env['SECANTUS_URI']
const OPERATIONS = Number(process.env['DIFFERENTIAL_OPERATIONS'] ?? (OTHER_URI === undefined ? 400 : 20_000))
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 1)
const OPERATIONS_PER_ROUND = 40
const DIFFERENCES_SHOWN = Number(process.env['DIFFERENTIAL_SHOWN'] ?? 10)

const round = fc.record({
  keys: indexes,
  docs: newDocuments,
  operations: fc.array(operation, { minLength: OPERATIONS_PER_ROUND, maxLength: OPERATIONS_PER_ROUND }),
})
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never

const engines: Engine[] = []
const clients: MongoClient[] = []
let ours: Db
let theirs: Db

async function connect(uri: string): Promise<Db> {
  const client = await MongoClient.connect(uri, { directConnection: true })
  clients.push(client)
  return client.db(`differential_${process.pid}`)
}

beforeAll(async () => {
  engines.push(await startEngine())
  if (OTHER_URI === undefined) engines.push(await startEngine())
  ours = await connect(engines[0]?.uri ?? '')
  theirs = await connect(OTHER_URI ?? engines[1]?.uri ?? '')
})
afterAll(async () => {
  await Promise.all([ours, theirs].map((db) => db.dropDatabase()))
  await Promise.all(clients.map((client) => client.close()))
  await Promise.all(engines.map((engine) => engine.stop()))
})

/** A collection with the same documents and, as far as both take them, indexes. */
async function prepare({ keys, docs }: Round, name: string): Promise<void> {
  for (const db of [ours, theirs]) await db.collection<object>(name).insertMany(docs as object[])
  for (const key of keys) {
    const create = { createIndexes: name, indexes: [{ key: Object.fromEntries(key), name: key.flat().join('_') }] }
    const one: Operation = { command: () => create, ordered: true }
    const [a, b] = await Promise.all([answerOf(ours, one, name), answerOf(theirs, one, name)])
    if (a === b) continue
    for (const db of [ours, theirs]) await db.command({ dropIndexes: name, index: '*' })
    return
  }
}

/** The differences of one round that nothing explains; it ends with the first that leaves different documents. */
async function differencesIn(one: Round, name: string): Promise<string[]> {
  await prepare(one, name)
  const found: string[] = []
  for (const each of one.operations) {
    const command = EJSON.stringify(each.command(name), { relaxed: false })
    const before = await stateOf(ours, name)
    const [a, b] = await Promise.all([answerOf(ours, each, name), answerOf(theirs, each, name)])
    const isRead = /^\{"(?:find|count|distinct|aggregate)"/.test(command)
    const [after, other] = isRead ? ['', ''] : await Promise.all([stateOf(ours, name), stateOf(theirs, name)])
    if (a === b && after === other) continue
    const known = KNOWN_DIFFERENCES.some(({ explains }) => explains(command, a + after, b + other))
    if (!known) found.push(`${command}\n  ours   ${a} ${after}\n  theirs ${b} ${other}\n  before ${before}`)
    if (after !== other) break
  }
  for (const db of [ours, theirs]) await db.dropCollection(name)
  return found
}

it(
  `${OPERATIONS} operations on both give the same answers and the same documents`,
  async () => {
    const rounds = fc.sample(round, { numRuns: Math.ceil(OPERATIONS / OPERATIONS_PER_ROUND), seed: SEED })
    const differences: string[] = []
    for (const [i, one] of rounds.entries()) {
      differences.push(...(await differencesIn(one, `c${i}`)))
      if (differences.length >= DIFFERENCES_SHOWN) break
    }
    expect(differences.slice(0, DIFFERENCES_SHOWN)).toEqual([])
  },
  10_000 + OPERATIONS * 60,
)

it('notices an answer, a code and a document that differ', async () => {
  for (const [db, n] of [
    [ours, 1],
    [theirs, 2],
  ] as const)
    await db.collection<object>('planted').insertOne({ _id: 1, n } as object)
  const find: Operation = { command: (name) => ({ find: name }), ordered: true }
  const fails: Operation = { command: (name) => ({ find: name, filter: { n: { $nope: 1 } } }), ordered: true }
  expect(await answerOf(ours, find, 'planted')).not.toBe(await answerOf(theirs, find, 'planted'))
  expect(await stateOf(ours, 'planted')).not.toBe(await stateOf(theirs, 'planted'))
  expect(await answerOf(ours, fails, 'planted')).toBe('error 2')
})
