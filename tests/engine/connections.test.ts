import { MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import { WireSocket, bodySection, msgDocument, opMsg } from './wire-socket'

/** Up to the bound, and beyond it: CONNECTIONS=5000 npx jest --selectProjects engine --testPathPattern connections */
const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 500)
const CONNECTIONS_MAX = 5_000
const MESSAGE_MS = 300
const ping = opMsg([bodySection({ ping: 1, $db: 'admin' })])

let engine: Engine
let client: MongoClient
beforeAll(async () => {
  engine = await startEngine({ args: ['--message-ms', String(MESSAGE_MS)] })
  client = await MongoClient.connect(engine.uri, { directConnection: true })
})
afterAll(async () => {
  await client.close()
  await engine.stop()
})

const open = (count: number) => Promise.all(Array.from({ length: count }, () => WireSocket.open(engine.uri)))

it(
  'many idle connections, and each is answered',
  async () => {
    const sockets: WireSocket[] = []
    const wanted = Math.min(CONNECTIONS, CONNECTIONS_MAX - 20)
    while (sockets.length < wanted) sockets.push(...(await open(Math.min(100, wanted - sockets.length))))
    for (const socket of sockets) socket.write(ping)
    for (const socket of sockets) expect(msgDocument((await socket.next(30_000))!)).toEqual({ ok: 1 })
    if (CONNECTIONS >= CONNECTIONS_MAX) {
      const more = await open(100)
      const answers = await Promise.all(
        more.map((socket) => {
          socket.write(ping)
          return socket.next(30_000).catch(() => undefined)
        }),
      )
      expect(answers.filter((answer) => answer === undefined).length).toBeGreaterThan(50)
      await Promise.all(more.map((socket) => socket.end()))
    }
    await Promise.all(sockets.map((socket) => socket.end()))
    expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 })
  },
  30_000 + CONNECTIONS * 30,
)

it('a message that does not come to its end ends the connection; one that has not begun does not', async () => {
  const [idle, half, header] = (await open(3)) as [WireSocket, WireSocket, WireSocket]
  half.write(ping.subarray(0, 20))
  header.write(ping.subarray(0, 3))
  expect(await half.next(30_000)).toBeUndefined()
  expect(await header.next(30_000)).toBeUndefined()
  expect(msgDocument(await idle.request(ping))).toEqual({ ok: 1 })
  await idle.end()
})

it('who asks and does not read gets no more than fits, and disturbs nobody', async () => {
  const collection = client.db('test').collection('large')
  await collection.insertMany(Array.from({ length: 4 }, () => ({ text: 'x'.repeat(1_000_000) })))
  const find = opMsg([bodySection({ find: 'large', $db: 'test' })])
  const [deaf] = (await open(1)) as [WireSocket]
  deaf.pause()
  for (let i = 0; i < 400; i++) deaf.write(find)
  for (let i = 0; i < 20; i++) await collection.findOne({}, { projection: { _id: 1 } })
  const { mem } = (await client.db('admin').command({ serverStatus: 1 })) as { mem: { resident: number } }
  // All answers would be 1,600.
  expect(mem.resident).toBeLessThan(800)
  await deaf.end()
})
