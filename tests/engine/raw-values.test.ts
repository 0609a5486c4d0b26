import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BSON, type Document, MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import { WireSocket, bodySection, opMsg, sequenceSection } from './wire-socket'

/*
 * Bytes in, the same bytes out: values that drivers cannot hold, or would write in another way. Each is the type and the
 * bytes of one BSON element, https://bsonspec.org/spec.html, in hexadecimal.
 */
const text = (value: string) => {
  const bytes = Buffer.from(`${value}\0`)
  const size = Buffer.alloc(4)
  size.writeInt32LE(bytes.length)
  return Buffer.concat([size, bytes]).toString('hex')
}
const binary = (subtype: string, content: string) => {
  const size = Buffer.alloc(4)
  size.writeInt32LE(content.length / 2)
  return `${size.toString('hex')}${subtype}${content}`
}
const documentOf = (elements: string) => {
  const size = Buffer.alloc(4)
  size.writeInt32LE(elements.length / 2 + 5)
  return `${size.toString('hex')}${elements}00`
}
/** One element: type, name, value. */
const element = (type: string, name: string, value: string) =>
  `${type}${Buffer.from(`${name}\0`).toString('hex')}${value}`

const ONE = '01000000'
const EXACT: readonly (readonly [name: string, type: string, value: string])[] = [
  ['double: the least subnormal', '01', '0100000000000000'],
  ['double: minus zero', '01', '0000000000000080'],
  ['double: NaN', '01', '000000000000f87f'],
  ['double: Infinity', '01', '000000000000f07f'],
  ['double: the greatest', '01', 'ffffffffffffef7f'],
  ['int32: the least', '10', '00000080'],
  ['int64: the greatest', '12', 'ffffffffffffff7f'],
  ['int64: 2^53 + 1', '12', '0100000000002000'],
  ['decimal: 0', '13', '00000000000000000000000000004030'],
  ['decimal: -0', '13', '000000000000000000000000000040b0'],
  ['decimal: 0E+3', '13', '00000000000000000000000000004630'],
  ['decimal: 0E-6176', '13', '00000000000000000000000000000000'],
  ['decimal: 1.0', '13', '0a000000000000000000000000003e30'],
  ['decimal: the greatest', '13', 'ffffffff638e8d37c087adbe09edff5f'],
  ['decimal: the least', '13', '01000000000000000000000000000000'],
  ['decimal: Infinity', '13', '00000000000000000000000000000078'],
  ['decimal: -Infinity', '13', '000000000000000000000000000000f8'],
  ['decimal: NaN', '13', '0000000000000000000000000000007c'],
  ['date: the last that JavaScript knows', '09', '00dc1fd208b11e00'],
  ['date: the first', '09', '0024e02df74ee1ff'],
  ['timestamp: the greatest', '11', 'ffffffffffffffff'],
  ['ObjectId', '07', '0123456789abcdef01234567'],
  ['binary 0', '05', binary('00', '00ff')],
  ['binary 2, with its second length', '05', binary('02', '0200000000ff')],
  ['binary 3, the old UUID', '05', binary('03', '00'.repeat(16))],
  ['binary 4, UUID', '05', binary('04', '0123456789ab4cdef0123456789abcde'.slice(0, 32))],
  ['binary 5, MD5', '05', binary('05', '11'.repeat(16))],
  ['binary 6, encrypted', '05', binary('06', '010203')],
  ['binary 7, column', '05', binary('07', '00')],
  ['binary 8, sensitive', '05', binary('08', 'aa')],
  ['binary 9, vector', '05', binary('09', '0300ff01')],
  ['binary 128', '05', binary('80', 'fe')],
  ['binary 255', '05', binary('ff', '')],
  ['null', '0a', ''],
  ['MinKey', 'ff', ''],
  ['MaxKey', '7f', ''],
  ['regular expression with all options', '0b', Buffer.from('a\\d+\0imsux\0').toString('hex')],
  ['code', '0d', text('return 1')],
  ['symbol', '0e', text('sym')],
  [
    'code with scope',
    '0f',
    (() => {
      const inner = `${text('x')}${documentOf(element('10', 'x', ONE))}`
      const size = Buffer.alloc(4)
      size.writeInt32LE(inner.length / 2 + 4)
      return `${size.toString('hex')}${inner}`
    })(),
  ],
  ['string with a null byte', '02', text('a\0b')],
  ['empty document', '03', documentOf('')],
  ['empty array', '04', documentOf('')],
  [
    'document: __proto__ and constructor',
    '03',
    documentOf(element('10', '__proto__', ONE) + element('10', 'constructor', ONE)),
  ],
  [
    'document: an empty name, dots and dollars',
    '03',
    documentOf(element('10', '', ONE) + element('10', 'a.b', ONE) + element('10', '$c', ONE)),
  ],
  [
    'DBRef',
    '03',
    documentOf(
      element('02', '$ref', text('c')) +
        element('10', '$id', ONE) +
        element('02', '$db', text('d')) +
        element('10', 'x', ONE),
    ),
  ],
]
/** Objects cannot hold them: what a pipeline returns of them is something else. */
const NOT_IN_PIPELINES: typeof EXACT = [
  ['undefined', '06', ''],
  ['DBPointer', '0c', `${text('d.c')}0123456789abcdef01234567`],
  ['double: NaN with a payload', '01', '0100000000dcf17f'],
  ['decimal: NaN with a payload', '13', '0100000000000000000000000000007e'],
  ['date: beyond JavaScript', '09', 'ffffffffffffff7f'],
  ['array whose names do not count from 0', '04', documentOf(element('10', '5', ONE) + element('10', 'x', ONE))],
  ['document: one name twice', '03', documentOf(element('10', 'a', ONE) + element('02', 'a', text('two')))],
  ['document: names like numbers, out of order', '03', documentOf(element('10', '10', ONE) + element('10', '2', ONE))],
]
const ALL: typeof EXACT = [...EXACT, ...NOT_IN_PIPELINES]

const rawDocument = (id: number, type: string, value: string, after: string) => {
  const size = Buffer.alloc(4)
  size.writeInt32LE(id)
  const elements =
    element('10', '_id', size.toString('hex')) + element(type, 'value', value) + element('02', 'after', text(after))
  return Buffer.from(documentOf(elements), 'hex')
}

const insertInBody = (collection: string, elements: string) =>
  Buffer.from(
    documentOf(
      element('02', 'insert', text(collection)) +
        element('04', 'documents', documentOf(elements)) +
        element('02', '$db', text('d')),
    ),
    'hex',
  )

let parent: string
let engine: Engine
let client: MongoClient
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'engine-values-'))
  await start(join(parent, 'data'))
  const socket = await WireSocket.open(engine.uri)
  const documents = ALL.map(([, type, value], id) => rawDocument(id, type, value, 'x'))
  const inBody = documents.map((document, i) => element('03', String(i), document.toString('hex'))).join('')
  const messages = [
    [bodySection({ insert: 'kept', $db: 'd' }), sequenceSection('documents', documents)],
    [bodySection({ insert: 'changed', $db: 'd' }), sequenceSection('documents', documents)],
    // As Node's driver sends them: in an array of the command.
    [bodySection(insertInBody('inBody', inBody))],
  ]
  for (const sections of messages) {
    const reply = await socket.request(opMsg(sections))
    expect(BSON.deserialize(reply.body.subarray(5))).toMatchObject({ n: ALL.length, ok: 1 })
  }
  await socket.end()
}, 60_000)
afterAll(async () => {
  await client.close()
  await engine.stop()
  await rm(parent, { recursive: true, force: true })
})

async function start(dbpath: string): Promise<void> {
  engine = await startEngine({ dbpath })
  client = await MongoClient.connect(engine.uri)
}

const hexOf = (raw: Document) => Buffer.from(raw as unknown as Uint8Array).toString('hex')

async function expectKept(found: Promise<readonly Document[]>, values = ALL): Promise<void> {
  const documents = (await found).map(hexOf)
  const expected = values.map(([name, type, value], id) => [name, rawDocument(id, type, value, 'x').toString('hex')])
  expect(values.map(([name], id) => [name, documents[id]])).toEqual(expected)
}

const kept = () => client.db('d').collection('kept')

it('what is stored comes back byte for byte: however it came, by a find, by index, through a pipeline', async () => {
  await expectKept(client.db('d').collection('inBody').find({}, { raw: true }).toArray())
  await expectKept(kept().find({}, { raw: true }).toArray())
  await kept().createIndexes([{ key: { after: 1, _id: 1 } }])
  await expectKept(kept().find({ after: 'x' }, { raw: true }).hint({ after: 1, _id: 1 }).toArray())
  await expectKept(
    kept()
      .aggregate([{ $match: { after: 'x' } }, { $sort: { _id: 1 } }, { $skip: 0 }], { raw: true })
      .toArray(),
    EXACT,
  )
})

describe('a change keeps every byte of what it does not change', () => {
  const changed = () => client.db('d').collection<{ _id: number }>('changed')
  const expectBytes = async (bytesOf: (id: number, type: string, value: string) => string) => {
    const documents = (await changed().find({}, { raw: true }).toArray()).map(hexOf)
    const expected = ALL.map(([name, type, value], id) => [name, bytesOf(id, type, value)])
    expect(ALL.map(([name], id) => [name, documents[id]])).toEqual(expected)
  }

  it('of another field, by operators and by a pipeline', async () => {
    await changed().updateMany({}, { $set: { after: 'y' } })
    await expectBytes((id, type, value) => rawDocument(id, type, value, 'y').toString('hex'))
    await changed().updateMany({}, [{ $set: { after: { $concat: ['$after', 'z'] } } }])
    await expectBytes((id, type, value) => rawDocument(id, type, value, 'yz').toString('hex'))
  })

  it('beside it in a document, and in an array', async () => {
    const nested = (id: number, type: string, value: string, n: string, more: string) => {
      const inner = documentOf(element(type, 'value', value) + element('10', 'n', n) + element('0a', 'null', ''))
      const list = documentOf(element(type, '0', value) + element('03', '1', inner) + element('0a', '2', '') + more)
      const idBytes = Buffer.alloc(4)
      idBytes.writeInt32LE(id)
      return documentOf(
        element('10', '_id', idBytes.toString('hex')) + element('03', 'inner', inner) + element('04', 'list', list),
      )
    }
    const socket = await WireSocket.open(engine.uri)
    const documents = ALL.map(([, type, value], id) => Buffer.from(nested(id, type, value, ONE, ''), 'hex'))
    await changed().deleteMany({})
    await socket.request(opMsg([bodySection({ insert: 'changed', $db: 'd' }), sequenceSection('documents', documents)]))
    await socket.end()
    await changed().updateMany({}, { $inc: { 'inner.n': 1, 'list.1.n': 1 }, $push: { other: 1 } })
    await changed().updateMany({}, { $unset: { other: '' }, $push: { list: 'new' } } as Document)
    const TWO = '02000000'
    await expectBytes((id, type, value) => nested(id, type, value, TWO, element('02', '3', text('new'))))
  })
})

describe('a replacement is stored byte for byte', () => {
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    return bytes.toString('hex')
  }
  const command = (...elements: readonly string[]) => {
    const ofDatabase = element('02', '$db', text(elements[0]!.startsWith('02') ? 'd' : 'admin'))
    return bodySection(Buffer.from(documentOf(elements.join('') + ofDatabase), 'hex'))
  }
  const array = (name: string, documents: readonly string[]) =>
    element('04', name, documentOf(documents.map((document, i) => element('03', String(i), document)).join('')))
  const query = (name: string, id: number) => element('03', name, documentOf(element('10', '_id', int32(id))))
  const YES = element('08', 'upsert', '01')
  const body = (id: number, type: string, value: string) => rawDocument(id, type, value, 'x').toString('hex')
  /** Its _id left out: the filter says it. */
  const nameless = (type: string, value: string) =>
    documentOf(element(type, 'value', value) + element('02', 'after', text('x')))

  const ways: readonly (readonly [string, (into: string, replacements: readonly string[]) => readonly Buffer[]])[] = [
    [
      'by update',
      (into, replacements) => [
        command(
          element('02', 'update', text(into)),
          array(
            'updates',
            replacements.map((u, id) => documentOf(query('q', id) + element('03', 'u', u) + YES)),
          ),
        ),
      ],
    ],
    [
      'by bulkWrite',
      (into, replacements) => [
        command(
          element('10', 'bulkWrite', ONE),
          array(
            'ops',
            replacements.map((u, id) =>
              documentOf(
                element('10', 'update', int32(0)) + query('filter', id) + element('03', 'updateMods', u) + YES,
              ),
            ),
          ),
          array('nsInfo', [documentOf(element('02', 'ns', text(`d.${into}`)))]),
        ),
      ],
    ],
    [
      'by findAndModify',
      (into, replacements) =>
        replacements.map((u, id) =>
          command(element('02', 'findAndModify', text(into)), query('query', id), element('03', 'update', u), YES),
        ),
    ],
  ]

  it.each(ways)('%s, of what is there and as a new document', async (way, messages) => {
    const into = way.replace(' ', '_')
    await client.db('d').createCollection(into)
    await client.db('d').collection(into).createIndex({ after: 1 })
    await client
      .db('d')
      .collection<{ _id: number }>(into)
      .insertMany(ALL.filter((_, id) => id % 2 === 0).map((_, i) => ({ _id: i * 2, value: 'old', old: true })))
    const replacements = ALL.map(([, type, value], id) =>
      id % 3 === 0 ? nameless(type, value) : body(id, type, value),
    )
    const socket = await WireSocket.open(engine.uri)
    for (const message of messages(into, replacements)) {
      const reply = await socket.request(opMsg([message]))
      const answer = BSON.deserialize(reply.body.subarray(5))
      expect([answer['ok'], answer['writeErrors'], answer['nErrors'] ?? 0]).toEqual([1, undefined, 0])
    }
    await socket.end()
    await expectKept(client.db('d').collection(into).find({}, { raw: true }).sort({ _id: 1 }).toArray())
    await expectKept(client.db('d').collection(into).find({ after: 'x' }, { raw: true }).hint({ after: 1 }).toArray())
    expect(await client.db('d').command({ validate: into })).toMatchObject({
      valid: true,
      keysPerIndex: { _id_: ALL.length, after_1: ALL.length },
    })
  })
})

it('a copy, and a restart, keep every byte', async () => {
  const copy = join(parent, 'copy')
  await client.db('admin').command({ backup: 1, path: copy })
  for (const dbpath of [join(parent, 'data'), copy]) {
    await client.close()
    await engine.stop()
    await start(dbpath)
    await expectKept(kept().find({}, { raw: true }).toArray())
    expect(await client.db('d').command({ validate: 'kept' })).toMatchObject({ valid: true, errors: [] })
  }
}, 60_000)

it('what is not BSON is refused: text that is no UTF-8, a name that is none, a boolean that is neither', async () => {
  const socket = await WireSocket.open(engine.uri)
  const refused = [
    ['02', '02000000ff00'],
    ['08', '02'],
    ['0b', 'ff0000'],
    ['14', ''],
  ] as const
  for (const [type, value] of refused) {
    const document = rawDocument(1_000, type, value, 'x')
    const reply = await socket.request(
      opMsg([bodySection({ insert: 'refused', $db: 'd' }), sequenceSection('documents', [document])]),
    )
    const answer = BSON.deserialize(reply.body.subarray(5))
    const { code } = (answer['writeErrors'] as Document[] | undefined)?.[0] ?? answer
    expect([type, code]).toEqual([type, 22])
    const inBody = insertInBody('refused', element('03', '0', document.toString('hex')))
    const { body } = await socket.request(opMsg([bodySection(inBody)]))
    expect(BSON.deserialize(body.subarray(5))).toMatchObject({ n: 0, writeErrors: [{ index: 0, code: 22 }] })
  }
  expect(await client.db('d').collection('refused').countDocuments()).toBe(0)
  await socket.end()
})
