import {
  BSON,
  type Document,
  Long,
  MongoClient,
  ObjectId,
  type ServerHeartbeatSucceededEvent,
  Timestamp,
} from 'mongodb'
import { TIMES, codeOf, serverError, useEngine } from './use-engine'
import {
  OP_MSG,
  OP_REPLY,
  WireSocket,
  bodySection,
  msgDocument,
  opMsg,
  opQuery,
  replyDocument,
  sequenceSection,
} from './wire-socket'

const MORE_TO_COME = 2

const engine = useEngine()
const admin = (command: Document) => engine.client.db('admin').command(command)

const HELLO = {
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  localTime: expect.any(Date),
  logicalSessionTimeoutMinutes: 30,
  connectionId: expect.any(Number),
  minWireVersion: 0,
  maxWireVersion: expect.any(Number),
  readOnly: false,
  ok: 1,
}

describe('hello', () => {
  it('says what the primary of a replica set of one says, at the address that the client knows', async () => {
    const hello = await admin({ hello: 1 })
    const { host } = new URL(engine.uri)
    expect(hello).toMatchObject({
      ...HELLO,
      isWritablePrimary: true,
      secondary: false,
      hosts: [host],
      primary: host,
      me: host,
      setName: 'embedded',
      setVersion: 1,
      topologyVersion: { processId: expect.any(ObjectId) },
      electionId: expect.any(ObjectId),
      lastWrite: { lastWriteDate: expect.any(Date), opTime: { ts: expect.any(Timestamp) } },
    })
    expect(hello).not.toHaveProperty('msg')
    expect(Math.abs(Date.now() - (hello['localTime'] as Date).getTime())).toBeLessThan(5_000)
  })

  it('answers the legacy isMaster over OP_QUERY with an OP_REPLY', async () => {
    const socket = await WireSocket.open(engine.uri)
    const reply = await socket.request(opQuery('admin.$cmd', { isMaster: 1, helloOk: true }, 4711))
    await socket.end()
    expect(reply).toMatchObject({ opCode: OP_REPLY, responseTo: 4711 })
    expect(reply.body.readInt32LE(0) & 3).toBe(0) // neither CursorNotFound nor QueryFailure
    expect([reply.body.readInt32LE(12), reply.body.readInt32LE(16)]).toEqual([0, 1]) // from 0, one document
    expect(replyDocument(reply)).toMatchObject({ ...HELLO, ismaster: true, helloOk: true })
  })

  it('gives every connection a number of its own', async () => {
    const sockets = await Promise.all([WireSocket.open(engine.uri), WireSocket.open(engine.uri)])
    const request = opMsg([bodySection({ hello: 1, $db: 'admin' })])
    const replies = await Promise.all(sockets.map((socket) => socket.request(request)))
    await Promise.all(sockets.map((socket) => socket.end()))
    const numbers = replies.map((reply) => msgDocument(reply)['connectionId'] as number)
    expect(new Set(numbers).size).toBe(2)
  })
})

describe('monitoring', () => {
  const EXHAUST_ALLOWED = 1 << 16

  it.each([{}, { replicaSet: 'embedded' }, { directConnection: true }])(
    'a driver connects with %j',
    async (options) => {
      const client = await MongoClient.connect(engine.uri, options)
      expect(await client.db('admin').command({ ping: 1 })).toEqual({ ok: 1, ...TIMES })
      await client.close()
    },
  )

  it('a driver is told again and again, without asking', async () => {
    const client = new MongoClient(engine.uri, { heartbeatFrequencyMS: 500 })
    const beats: ServerHeartbeatSucceededEvent[] = []
    client.on('serverHeartbeatSucceeded', (beat) => beats.push(beat))
    await client.connect()
    while (beats.filter(({ awaited }) => awaited).length < 3) await new Promise((resolve) => setTimeout(resolve, 50))
    await client.close()
    expect(beats.at(-1)?.reply).toMatchObject({ setName: 'embedded', isWritablePrimary: true })
  })

  it('who waits for a change of the topology holds up nobody, and hears at the end of the time', async () => {
    const { topologyVersion } = await admin({ hello: 1 })
    const known = { ...topologyVersion, counter: Long.fromNumber(topologyVersion.counter as number) }
    const socket = await WireSocket.open(engine.uri)
    const from = performance.now()
    const hello = { hello: 1, topologyVersion: known, maxAwaitTimeMS: 300, $db: 'admin' }
    socket.write(opMsg([bodySection(hello)], 5, EXHAUST_ALLOWED))
    await admin({ ping: 1 })
    expect(performance.now() - from).toBeLessThan(250)
    const first = await socket.next()
    expect(performance.now() - from).toBeGreaterThan(290)
    const second = await socket.next()
    await socket.end()
    for (const reply of [first!, second!]) {
      expect(reply.body.readInt32LE(0)).toBe(MORE_TO_COME)
      expect(msgDocument(reply)).toMatchObject({ isWritablePrimary: true })
    }
    expect([first?.responseTo, second?.responseTo]).toEqual([5, first?.requestId])
  })

  it('without exhaustAllowed there is one answer', async () => {
    const { topologyVersion } = await admin({ hello: 1 })
    const known = { ...topologyVersion, counter: Long.fromNumber(topologyVersion.counter as number) }
    const socket = await WireSocket.open(engine.uri)
    const reply = await socket.request(
      opMsg([bodySection({ hello: 1, topologyVersion: known, maxAwaitTimeMS: 20, $db: 'admin' })]),
    )
    await socket.end()
    expect(reply.body.readInt32LE(0)).toBe(0)
  })

  it('one of topologyVersion and maxAwaitTimeMS is too little', async () => {
    expect(await codeOf(admin({ hello: 1, maxAwaitTimeMS: 5 }))).toEqual([2, 'BadValue'])
  })
})

describe('commands of the handshake', () => {
  it('ping', async () => {
    expect(await admin({ ping: 1 })).toEqual({ ok: 1, ...TIMES })
  })

  it('buildInfo', async () => {
    const info = await admin({ buildInfo: 1 })
    expect(info).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      bits: 64,
      maxBsonObjectSize: 16_777_216,
      ok: 1,
    })
    const numbers = (info['version'] as string).split('.').map((part) => Number.parseInt(part))
    expect((info['versionArray'] as number[]).slice(0, 3)).toEqual(numbers)
  })

  it('endSessions', async () => {
    await engine.client.withSession(async (session) => {
      expect(await engine.client.db('admin').command({ ping: 1 }, { session })).toEqual({ ok: 1, ...TIMES })
      expect(await admin({ endSessions: [session.id] })).toEqual({ ok: 1, ...TIMES })
    })
  })

  it('a client that offers compression is served without', async () => {
    const client = await MongoClient.connect(engine.uri, { directConnection: true, compressors: ['zlib'] })
    expect(await client.db('admin').command({ ping: 1 })).toEqual({ ok: 1, ...TIMES })
    await client.close()
  })
})

describe('OP_MSG', () => {
  it('answers pipelined requests, each with its own number', async () => {
    const socket = await WireSocket.open(engine.uri)
    const ping = bodySection({ ping: 1, $db: 'admin' })
    socket.write(Buffer.concat([opMsg([ping], 7), opMsg([ping], 8), opMsg([ping], 9)]))
    const replies = [await socket.next(), await socket.next(), await socket.next()]
    await socket.end()
    expect(replies.map((reply) => reply?.responseTo).sort()).toEqual([7, 8, 9])
    for (const reply of replies) expect(reply).toMatchObject({ opCode: OP_MSG })
    for (const reply of replies) expect(msgDocument(reply!)).toEqual({ ok: 1 })
  })

  it('takes a request that arrives byte by byte', async () => {
    const socket = await WireSocket.open(engine.uri)
    for (const byte of opMsg([bodySection({ ping: 1, $db: 'admin' })], 3)) {
      socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const reply = await socket.next()
    await socket.end()
    expect(reply?.responseTo).toBe(3)
    expect(msgDocument(reply!)).toEqual({ ok: 1 })
  })

  it('takes documents from a sequence section, before or after the body', async () => {
    const collection = await engine.collection()
    const body = bodySection({ insert: collection.collectionName, $db: collection.dbName })
    const socket = await WireSocket.open(engine.uri)
    const after = await socket.request(opMsg([body, sequenceSection('documents', [BSON.serialize({ _id: 0 })])]))
    const before = await socket.request(opMsg([sequenceSection('documents', [BSON.serialize({ _id: 1 })]), body]))
    expect([msgDocument(after), msgDocument(before)]).toEqual([
      { n: 1, ok: 1 },
      { n: 1, ok: 1 },
    ])
    await socket.end()
    expect(await collection.find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 0 }, { _id: 1 }])
  })

  it('does not answer a request that is marked moreToCome', async () => {
    const collection = await engine.collection()
    const insert = { insert: collection.collectionName, documents: [{ _id: 1 }], writeConcern: { w: 0 } }
    const socket = await WireSocket.open(engine.uri)
    socket.write(opMsg([bodySection({ ...insert, $db: collection.dbName })], 1, MORE_TO_COME))
    const reply = await socket.request(opMsg([bodySection({ ping: 1, $db: 'admin' })], 2))
    await socket.end()
    expect(reply.responseTo).toBe(2)
    expect(await collection.find().toArray()).toEqual([{ _id: 1 }])
  })
})

describe('commands that cannot be', () => {
  it('an unknown command: 59', async () => {
    const error = await serverError(admin({ frobnicate: 1 }))
    expect(error.errorResponse).toMatchObject({
      ok: 0,
      errmsg: "no such command: 'frobnicate'",
      code: 59,
      codeName: 'CommandNotFound',
    })
  })

  it.each([
    [{ find: 'c', surprise: 1 }, "BSON field 'find.surprise' is an unknown field."],
    [{ insert: 'c', documents: [{ a: 1 }], surprise: 1 }, "BSON field 'insert.surprise' is an unknown field."],
    [
      { update: 'c', updates: [{ q: {}, u: { $set: { a: 1 } }, surprise: 1 }] },
      "BSON field 'update.updates.surprise' is an unknown field.",
    ],
  ])('an unknown field: 40415: %j', async (command, message) => {
    const error = await serverError(engine.db.command(command))
    expect([error.code, error.errmsg]).toEqual([40_415, message])
  })

  it.each([
    [{ find: 'c', filter: 5 }],
    [{ find: 'c', sort: 'a' }],
    [{ insert: 'c', documents: 'none' }],
    [{ update: 'c', updates: {} }],
    [{ aggregate: 'c', pipeline: {}, cursor: {} }],
    [{ distinct: 'c', key: 5 }],
  ])('a field of a wrong type: 14: %j', async (command) => {
    expect(await codeOf(engine.db.command(command))).toEqual([14, 'TypeMismatch'])
  })

  it.each([
    [{ find: '' }, 73, 'InvalidNamespace'],
    [{ insert: '', documents: [{ a: 1 }] }, 73, 'InvalidNamespace'],
    [{ create: 'with\0null' }, 73, 'InvalidNamespace'],
    [{ create: 'a$b' }, 73, 'InvalidNamespace'],
  ])('a name that no collection may have: %j', async (command, code, codeName) => {
    expect(await codeOf(engine.db.command(command))).toEqual([code, codeName])
  })

  it.each([[{ find: 'c', limit: -1 }], [{ find: 'c', skip: -1 }], [{ find: 'c', batchSize: -1 }]])(
    'a negative number where none can be: 51024: %j',
    async (command) => {
      expect((await codeOf(engine.db.command(command)))[0]).toBe(51_024)
    },
  )

  it('a required field that is missing: 40414', async () => {
    expect((await codeOf(engine.db.command({ insert: 'c' })))[0]).toBe(40_414)
  })

  it('an administrator command on another database: 13', async () => {
    expect(await codeOf(engine.db.command({ listDatabases: 1 }))).toEqual([13, 'Unauthorized'])
  })
})
