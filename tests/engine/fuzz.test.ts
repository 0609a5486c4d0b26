import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import { WireSocket, bodySection, opMsg, sequenceSection } from './wire-socket'

const MESSAGES = Number(process.env['FUZZ_MESSAGES'] ?? 20_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
/** Sent before the answers are looked at. */
const BURST = 50
const MEMORY_GROWTH_MIB_MAX = 128
const PING_MS_MAX = 1_000

const COMMANDS = [
  { insert: 'f', documents: [{ a: 1, b: 'text', c: [1, { d: null }] }] },
  { find: 'f', filter: { a: { $gt: 1, $lt: 9 }, $or: [{ b: 'x' }, { c: { $elemMatch: { d: 1 } } }] }, sort: { a: -1 } },
  { update: 'f', updates: [{ q: { a: 1 }, u: { $set: { 'c.0': 2 }, $inc: { a: 1 } }, multi: true }] },
  { aggregate: 'f', pipeline: [{ $match: { a: 1 } }, { $group: { _id: '$b', n: { $sum: 1 } } }], cursor: {} },
  { delete: 'f', deletes: [{ q: { a: { $in: [1, 2, 3] } }, limit: 1 }] },
  { createIndexes: 'f', indexes: [{ key: { a: 1 }, name: 'a' }] },
  { findAndModify: 'f', query: { b: /^t/ }, update: { $push: { c: 1 } }, upsert: true },
  { hello: 1 },
].map((command) => opMsg([bodySection({ ...command, $db: 'fuzz' })]))
const SEQUENCE = opMsg([
  bodySection({ insert: 'f', $db: 'fuzz' }),
  sequenceSection('documents', [Buffer.from('0c0000001061000100000000', 'hex')]),
])

interface Mutation {
  readonly message: number
  readonly edits: readonly (readonly [at: number, value: number])[]
  readonly cut: number
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  message: fc.nat(COMMANDS.length),
  edits: fc.array(fc.tuple(fc.nat(300), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0xff))), {
    minLength: 1,
    maxLength: 4,
  }),
  cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(20)),
})

/** The message with other bytes in it. Mostly its length stays true, so that what is inside is looked at. */
function mutated({ message, edits, cut }: Mutation): Buffer {
  const bytes = Buffer.from(COMMANDS[message] ?? SEQUENCE)
  for (const [at, value] of edits) bytes[16 + (at % (bytes.length - 16))] = value
  const kept = bytes.subarray(0, bytes.length - Math.min(cut, bytes.length - 16))
  kept.writeInt32LE(kept.length, 0)
  return kept
}

let engine: Engine
let neighbour: MongoClient
beforeAll(async () => {
  engine = await startEngine()
  neighbour = await MongoClient.connect(engine.uri, { directConnection: true })
})
afterAll(async () => {
  await neighbour.close()
  await engine.stop()
})

function residentMiB(): number {
  const status = readFileSync(`/proc/${engine.child.pid ?? 0}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
}

/** Sends a burst and reads the answers until the server closes the connection. */
async function send(socket: WireSocket, burst: readonly Buffer[]): Promise<void> {
  for (const bytes of burst) socket.write(bytes)
  socket.endOfInput()
  try {
    while ((await socket.next(20_000)) !== undefined);
  } finally {
    await socket.end()
  }
}

it(
  `${MESSAGES} mutated messages: the same process, bounded memory, and a neighbour that is answered`,
  async () => {
    let longestMs = 0
    let memory = 0
    for (let sent = 0; sent < MESSAGES; sent += BURST) {
      const burst = fc.sample(mutation, { numRuns: BURST, seed: SEED + sent }).map(mutated)
      const sending = send(await WireSocket.open(engine.uri), burst)
      const begin = performance.now()
      await neighbour.db('admin').command({ ping: 1 })
      longestMs = Math.max(longestMs, performance.now() - begin)
      await sending
      // What it needs when warm is not what it loses.
      if (sent <= MESSAGES / 4) memory = residentMiB()
    }
    expect(engine.child.exitCode).toBeNull()
    expect(longestMs).toBeLessThan(PING_MS_MAX)
    expect(residentMiB() - memory).toBeLessThan(MEMORY_GROWTH_MIB_MAX)
    expect(await neighbour.db('fuzz').command({ validate: 'f' })).toMatchObject({ valid: true })
  },
  60_000 + MESSAGES * 20,
)
