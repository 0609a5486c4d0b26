import { BSON, type Document } from 'mongodb'
import { TIMES, useEngine } from './use-engine'
import { OP_MSG, WireSocket, bodySection, frame, msgDocument, opMsg, opQuery, sequenceSection } from './wire-socket'

const DEPTH = 5_000
const FLAG_UNKNOWN_REQUIRED = 1 << 5
const CHECKSUM_PRESENT = 1

const engine = useEngine()
const ping = bodySection({ ping: 1, $db: 'admin' })

/** `{a: {a: {a: ...}}}`, or the same of arrays, made of bytes: the library would overflow its stack. */
function nested(type: 3 | 4, depth: number): Buffer {
  const name = type === 3 ? 'a' : '0'
  let size = 5
  const parts: Buffer[] = [Buffer.of(5, 0, 0, 0, 0)]
  for (let i = 0; i < depth; i++) {
    size += 4 + 1 + name.length + 1 + 1
    const head = Buffer.alloc(4)
    head.writeInt32LE(size)
    parts.unshift(Buffer.concat([head, Buffer.of(type), Buffer.from(`${name}\0`)]))
    parts.push(Buffer.of(0))
  }
  return Buffer.concat(parts)
}

/** A command's document, with one field more whose value is a document or an array as bytes. */
function withField(command: BSON.Document, type: 3 | 4, name: string, value: Buffer): Buffer {
  const start = Buffer.from(BSON.serialize(command))
  const body = Buffer.concat([start.subarray(4, -1), Buffer.of(type), Buffer.from(`${name}\0`), value, Buffer.of(0)])
  const size = Buffer.alloc(4)
  size.writeInt32LE(body.length + 4)
  return Buffer.concat([size, body])
}

const truncated = () => {
  const bytes = Buffer.from(BSON.serialize({ ping: 1, $db: 'admin', text: 'x'.repeat(50) }))
  return bytes.subarray(0, -20)
}
const corrupt = (offset: number, value: number) => {
  const bytes = Buffer.from(BSON.serialize({ ping: 1, $db: 'admin' }))
  bytes[offset] = value
  return bytes
}

const find = { find: 'nested', $db: engine.database }
const MESSAGES: readonly (readonly [string, Buffer])[] = [
  ['garbage', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a TLS hello', Buffer.from('16030100f1010000ed0303' + '00'.repeat(64), 'hex')],
  ['zeros', Buffer.alloc(64)],
  ['a length of 0', frame(OP_MSG, ping, 1, 0)],
  ['a length of 15', frame(OP_MSG, ping, 1, 15)],
  ['a negative length', frame(OP_MSG, ping, 1, -1)],
  ['a length of 2 GiB', frame(OP_MSG, ping, 1, 0x7fffffff)],
  ['a length just above the bound', frame(OP_MSG, ping, 1, 48_000_001)],
  ['an unknown opcode', frame(4_711, ping)],
  ['a compressed message, which was not agreed on', frame(2_012, Buffer.concat([Buffer.alloc(9), ping]))],
  ['an OP_MSG without anything in it', frame(OP_MSG, Buffer.alloc(0))],
  ['an OP_MSG without a section', opMsg([])],
  ['two bodies', opMsg([ping, ping])],
  ['a sequence alone', opMsg([sequenceSection('documents', [BSON.serialize({ a: 1 })])])],
  [
    'the same sequence twice',
    opMsg([
      bodySection({ insert: 'c', $db: engine.database }),
      sequenceSection('documents', [BSON.serialize({})]),
      sequenceSection('documents', [BSON.serialize({})]),
    ]),
  ],
  ['a section of an unknown kind', opMsg([Buffer.concat([Buffer.of(7), ping.subarray(1)])])],
  ['a required flag that nobody knows', opMsg([ping], 1, FLAG_UNKNOWN_REQUIRED)],
  ['a wrong checksum', opMsg([ping, Buffer.from([1, 2, 3, 4])], 1, CHECKSUM_PRESENT)],
  ['a sequence that claims more than there is', opMsg([ping, Buffer.from([1, 0xff, 0xff, 0, 0, 0x61, 0])])],
  ['a sequence whose name does not end', opMsg([ping, Buffer.from([1, 8, 0, 0, 0, 0x61, 0x61, 0x61, 0x61])])],
  [
    'a sequence with half a document',
    opMsg([bodySection({ insert: 'c', $db: engine.database }), sequenceSection('documents', [truncated()])]),
  ],
  ['truncated BSON', opMsg([bodySection(truncated())])],
  ['BSON that claims a length of 3', opMsg([bodySection(corrupt(0, 3))])],
  ['BSON with a type that is none', opMsg([bodySection(corrupt(4, 0x55))])],
  ['BSON whose field name does not end', opMsg([bodySection(Buffer.from([8, 0, 0, 0, 0x10, 0x61, 0x61, 0x61]))])],
  ['bytes after the document', opMsg([Buffer.concat([ping, Buffer.from('rest')])])],
  ['no $db', opMsg([bodySection({ ping: 1 })])],
  ['an empty command', opMsg([bodySection({})])],
  ['$db that is a number', opMsg([bodySection({ ping: 1, $db: 5 })])],
  ['a filter 5,000 deep', opMsg([bodySection(withField(find, 3, 'filter', nested(3, DEPTH)))])],
  ['a filter of arrays 5,000 deep', opMsg([bodySection(withField(find, 3, 'filter', nested(4, DEPTH)))])],
  ['an unknown field 5,000 deep', opMsg([bodySection(withField(find, 3, 'surprise', nested(3, DEPTH)))])],
  [
    'an inserted document 5,000 deep',
    opMsg([bodySection({ insert: 'c', $db: engine.database }), sequenceSection('documents', [nested(3, DEPTH)])]),
  ],
  [
    'a pipeline 5,000 deep',
    opMsg([
      bodySection(withField({ aggregate: 'c', cursor: {}, $db: engine.database }, 4, 'pipeline', nested(4, DEPTH))),
    ]),
  ],
  ['an OP_QUERY without a name', frame(2_004, Buffer.alloc(4))],
  ['an OP_QUERY that is no command', opQuery(`${engine.database}.c`, { a: 1 })],
  [
    'an OP_QUERY 5,000 deep',
    frame(
      2_004,
      Buffer.concat([
        Buffer.alloc(4),
        Buffer.from('admin.$cmd\0'),
        Buffer.from([0, 0, 0, 0, 255, 255, 255, 255]),
        nested(3, DEPTH),
      ]),
    ),
  ],
]

beforeAll(async () => {
  // A filter for a collection without documents might not be looked at.
  await engine.db.collection('nested').insertOne({ a: { a: { a: 1 } } })
})

it.each(MESSAGES)('%s: an error or the end of the connection, and others are served', async (_, bytes) => {
  const socket = await WireSocket.open(engine.uri)
  socket.write(bytes)
  socket.endOfInput()
  const reply = await socket.next()
  await socket.end()
  if (reply?.opCode === OP_MSG) {
    const answer = msgDocument(reply)
    // What is wrong with a document that was to be inserted is said of that one.
    const [error = answer] = (answer['writeErrors'] ?? []) as Document[]
    expect(error).toMatchObject({ code: expect.any(Number), errmsg: expect.any(String) })
    expect(answer['n'] ?? 0).toBe(0)
  }
  const another = await WireSocket.open(engine.uri)
  expect(msgDocument(await another.request(opMsg([ping])))).toEqual({ ok: 1 })
  await another.end()
})

it('a connection that sends half a message and waits disturbs nobody', async () => {
  const waiting = await Promise.all(Array.from({ length: 20 }, () => WireSocket.open(engine.uri)))
  for (const socket of waiting) socket.write(opMsg([ping]).subarray(0, 20))
  expect(await engine.client.db('admin').command({ ping: 1 })).toEqual({ ok: 1, ...TIMES })
  for (const socket of waiting) socket.write(opMsg([ping]).subarray(20))
  for (const socket of waiting) expect(msgDocument((await socket.next())!)).toEqual({ ok: 1 })
  await Promise.all(waiting.map((socket) => socket.end()))
})

it.each([
  ['insert', { insert: 'c', $db: 'd' }, 'documents', { _id: 1, a: 1 }],
  ['update', { update: 'c', $db: 'd' }, 'updates', { q: { _id: 1 }, u: { a: 1 }, upsert: true }],
  [
    'bulkWrite',
    { bulkWrite: 1, nsInfo: [{ ns: 'd.c' }], $db: 'admin' },
    'ops',
    { insert: 0, document: {}, updateMods: {} },
  ],
  [
    'bulkWrite',
    { bulkWrite: 1, nsInfo: [{ ns: 'd.c' }], $db: 'admin' },
    'ops',
    { update: 0, filter: {}, updateMods: {} },
  ],
  ['findAndModify', { findAndModify: 'c', $db: 'd' }, 'update', { a: 1 }],
])(
  '%s: a document that does not end where it says, in a sequence or in the body',
  async (_name, command, field, document) => {
    const bytes = Buffer.from(BSON.serialize(document))
    const socket = await WireSocket.open(engine.uri)
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0x00, 0x10, 0x7f, 0xff]) {
        const changed = Buffer.from(bytes)
        changed[at] = value
        const array = Buffer.concat([Buffer.of(0, 0, 0, 0, 3, 0x30, 0), changed, Buffer.of(0)])
        array.writeInt32LE(array.length)
        // Lengths of the document itself belong to the message.
        if (at >= 4) {
          const reply = await socket.request(opMsg([bodySection(command), sequenceSection(field, [changed])]))
          expect(msgDocument(reply)).toHaveProperty('ok')
        }
        const isArray = field !== 'update'
        const body = withField(command, isArray ? 4 : 3, field, isArray ? array : changed)
        expect(msgDocument(await socket.request(opMsg([bodySection(body)])))).toHaveProperty('ok')
      }
    }
    expect(msgDocument(await socket.request(opMsg([ping])))).toEqual({ ok: 1 })
    await socket.end()
  },
)

it('a client that goes in the middle of an answer disturbs nobody', async () => {
  const collection = await engine.collection(Array.from({ length: 100 }, () => ({ text: 'x'.repeat(50_000) })))
  const request = opMsg([bodySection({ find: collection.collectionName, $db: collection.dbName })])
  for (let i = 0; i < 10; i++) {
    const socket = await WireSocket.open(engine.uri)
    socket.write(request)
    await socket.end()
  }
  expect(await collection.countDocuments()).toBe(100)
})

it('documents up to a depth of 100 are stored and found', async () => {
  const deep = JSON.parse('{"a":'.repeat(99) + '1' + '}'.repeat(99)) as BSON.Document
  const collection = await engine.collection()
  await collection.insertOne({ _id: 1, deep })
  expect(await collection.findOne({ _id: 1 })).toEqual({ _id: 1, deep })
})
