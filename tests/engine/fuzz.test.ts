import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import { DATABASE, Random, mutated, recordMessages } from './fuzz-messages'
import { OP_MSG, WireSocket, bodySection, opMsg } from './wire-socket'

/** A million takes some minutes: FUZZ_MESSAGES=1000000 npx jest --selectProjects engine --testPathPattern fuzz */
const MESSAGES = Number(process.env['FUZZ_MESSAGES'] ?? 20_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
/** A run of its own on a quiet machine: it is held to what the engine promises. Else others may have the processors. */
const IS_LONG = MESSAGES >= 200_000
const PING_MS_MAX = IS_LONG ? 50 : 1_000
const MEMORY_GROWTH_MIB_MAX = 64
const CONNECTIONS = 4
/** Sent before the answers are looked at. */
const BURST = 100
/** The documents and collections that the messages make go after so many, so that they do not count as memory lost. */
const MESSAGES_PER_DATABASE = 10_000
const LAST_REQUEST = 0x7fffff00
/** A flag of OP_MSG: another answer follows that nobody asks for. */
const MORE_TO_COME = 2
/** Without an answer for so long a message waits for bytes that it has promised. */
const SILENCE_MS = 500

let engine: Engine
let neighbour: MongoClient
let stderr = ''
beforeAll(async () => {
  engine = await startEngine()
  engine.child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  neighbour = await MongoClient.connect(engine.uri, { directConnection: true })
})
afterAll(async () => {
  await neighbour.close()
  await engine.stop()
})

/** Of what the process has for itself: pages of the data file are the system's to take back. */
function privateMiB(): number {
  const status = readFileSync(`/proc/${engine.child.pid ?? 0}/status`, 'utf8')
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1_024
}

/** What an application says to the engine: the driver's own messages are what is changed. */
async function record(): Promise<Buffer[]> {
  return recordMessages(engine.port, async (uri) => {
    const client = await MongoClient.connect(uri, { directConnection: true, retryWrites: true })
    const collection = client.db(DATABASE).collection('f')
    await collection.createIndex({ a: 1, b: -1 })
    await collection.createIndex({ b: 1 }, { sparse: true, partialFilterExpression: { a: { $gt: 5 } } }).catch(() => 0)
    await collection.insertMany(Array.from({ length: 200 }, (_, i) => ({ a: i, b: `text ${i}`, c: [i, { d: i }] })))
    await collection.find({ a: { $gt: 1, $lt: 9 }, $or: [{ b: 'x' }, { c: { $elemMatch: { d: 1 } } }] }).toArray()
    await collection.find({}, { batchSize: 2, sort: { b: 1 }, projection: { a: 1 } }).toArray()
    await collection.updateMany({ a: 1 }, { $set: { 'c.0': 2 }, $inc: { a: 1 } })
    await collection.updateOne({ a: 1 }, [{ $set: { e: { $add: ['$a', 1] } } }], { upsert: true })
    await collection.findOneAndUpdate({ b: /^t/ }, { $push: { c: 1 } as never }, { sort: { a: 1 } })
    await collection.aggregate([{ $match: { a: 1 } }, { $group: { _id: '$b', n: { $sum: 1 } } }]).toArray()
    await collection.bulkWrite([{ insertOne: { document: { a: 1 } } }, { deleteOne: { filter: { a: 1 } } }])
    await client.withSession((session) =>
      session.withTransaction(() => collection.insertOne({ a: 5 }, { session }) as Promise<unknown>),
    )
    await collection.distinct('a')
    await client.close()
  })
}

interface Sender {
  readonly random: Random
  readonly corpus: readonly Buffer[]
}

/**
 * Sends that many messages, and goes on with the next on a new connection wherever the server closes one. Every message
 * has thus been looked at, but those with `moreToCome`, which nobody answers.
 */
async function send({ random, corpus }: Sender, count: number): Promise<void> {
  let waiting = Array.from({ length: count }, (_, i) => mutated(random, corpus, i + 1))
  while (waiting.length > 0) {
    const socket = await WireSocket.open(engine.uri)
    socket.write(Buffer.concat([...waiting, opMsg([bodySection({ ping: 1, $db: 'admin' })], LAST_REQUEST)]))
    let answered = (waiting[0]?.readInt32LE(4) ?? 1) - 1
    let streams = false
    while (!streams) {
      const reply = await socket.next(SILENCE_MS).catch(() => undefined)
      if (reply?.responseTo === LAST_REQUEST) return void (await socket.end())
      if (reply === undefined) break
      answered = Math.max(answered, reply.responseTo)
      streams = reply.opCode === OP_MSG && (reply.body.readUInt32LE(0) & MORE_TO_COME) !== 0
    }
    await socket.end()
    // A hello that streams has no end. Else it closed at the one behind the last that it answered, or at one that was cut
    // off and waits for its rest.
    const through = streams ? answered : answered + 1
    waiting = waiting.filter((message) => message.readInt32LE(4) > through)
  }
}

/** Pings in a thread of its own: what this one is busy with is no delay of the engine's. */
function startPinging(): Promise<() => Promise<{ maxMs: number; p999Ms: number; count: number }>> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const socket = require('node:net').connect(workerData.port, '127.0.0.1')
    socket.setNoDelay(true)
    const times = []
    let sentMs = 0
    const ping = () => { sentMs = performance.now(); socket.write(workerData.ping) }
    socket.on('connect', () => { ping(); parentPort.postMessage('started') })
    socket.on('data', () => { times.push(performance.now() - sentMs); setTimeout(ping, 5) })
    parentPort.on('message', () => {
      times.sort((a, b) => a - b)
      parentPort.postMessage({ maxMs: times.at(-1), p999Ms: times[Math.floor(times.length * 0.999)], count: times.length })
      process.exit()
    })`
  const ping = opMsg([bodySection({ ping: 1, $db: 'admin' })])
  const worker = new Worker(code, { eval: true, workerData: { port: engine.port, ping } })
  const message = <T>() => new Promise<T>((resolve) => worker.once('message', resolve))
  return message().then(() => () => {
    worker.postMessage('end')
    return message()
  })
}

it(
  `${MESSAGES} mutated messages: the same process, bounded memory, and a neighbour that is answered`,
  async () => {
    const corpus = await record()
    const senders = Array.from({ length: CONNECTIONS }, (_, i) => ({ random: new Random(SEED + i * 7_919), corpus }))
    const stopPinging = await startPinging()
    const startedMs = performance.now()
    let memory = 0
    for (let sent = 0, sinceDrop = 0; sent < MESSAGES; sent += BURST * CONNECTIONS) {
      await Promise.all(senders.map((sender) => send(sender, BURST)))
      sinceDrop += BURST * CONNECTIONS
      if (sinceDrop >= MESSAGES_PER_DATABASE) {
        sinceDrop = 0
        await neighbour.db(DATABASE).dropDatabase()
        await neighbour.db(DATABASE).collection<{ _id: number }>('f').insertOne({ _id: 1 })
      }
      // What it needs when warm is not what it loses.
      if (sent <= MESSAGES / 4) memory = Math.max(memory, privateMiB())
    }
    const seconds = (performance.now() - startedMs) / 1_000
    const pings = await stopPinging()
    const grownMiB = privateMiB() - memory
    if (IS_LONG) {
      process.stdout.write(
        `${MESSAGES} messages in ${seconds.toFixed(0)} s; memory ${memory.toFixed(0)} MiB, then ${grownMiB.toFixed(0)} more; ` +
          `${pings.count} pings: ${pings.p999Ms.toFixed(1)} ms (99.9 %), ${pings.maxMs.toFixed(1)} ms (longest)\n`,
      )
    }
    expect(engine.child.exitCode).toBeNull()
    expect(stderr).toBe('')
    expect(grownMiB).toBeLessThan(MEMORY_GROWTH_MIB_MAX)
    expect(pings.maxMs).toBeLessThan(PING_MS_MAX)
    const names = (await neighbour.db(DATABASE).listCollections({}, { nameOnly: true }).toArray()).map(
      ({ name }) => name,
    )
    for (const name of names) {
      expect(await neighbour.db(DATABASE).command({ validate: name })).toMatchObject({ valid: true, errors: [] })
    }
  },
  60_000 + MESSAGES * 20,
)
