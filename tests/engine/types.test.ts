import {
  BSON,
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb'
import { useEngine } from './use-engine'
import { WireSocket, msgDocument, bodySection, opMsg, sequenceSection } from './wire-socket'

const engine = useEngine()

const VALUES: readonly (readonly [string, unknown])[] = [
  ['int32', new Int32(5)],
  ['int32, least', new Int32(-2_147_483_648)],
  ['int64', Long.fromString('5')],
  ['int64, greatest', Long.MAX_VALUE],
  ['int64, least', Long.MIN_VALUE],
  ['double with a whole value', new Double(5)],
  ['double', new Double(0.1)],
  ['double, minus zero', new Double(-0)],
  ['double, infinite', new Double(-Infinity)],
  ['double, not a number', new Double(NaN)],
  ['Decimal128', Decimal128.fromString('1.10')],
  ['Decimal128 with trailing zeros', Decimal128.fromString('1.1000')],
  ['Decimal128, not a number', Decimal128.fromString('NaN')],
  ['Decimal128 with a large exponent', Decimal128.fromString('1E+6144')],
  ['string', 'Zoë 日本 🦆'],
  ['string with a null byte', 'a\0b'],
  ['empty string', ''],
  ['true', true],
  ['null', null],
  ['Date', new Date('2024-02-29T12:34:56.789Z')],
  ['Date before 1970', new Date(-1)],
  ['ObjectId', new ObjectId('65a000000000000000000001')],
  ['Binary', new Binary(Buffer.from([0, 1, 2, 255]))],
  ['Binary, empty', new Binary(Buffer.alloc(0))],
  ['Binary of a subtype of the user', new Binary(Buffer.from([1]), 0x80)],
  ['UUID', new UUID('01234567-89ab-4cde-8f01-23456789abcd')],
  ['Timestamp', new Timestamp({ t: 1_700_000_000, i: 7 })],
  ['MinKey', new MinKey()],
  ['MaxKey', new MaxKey()],
  ['regular expression', new BSONRegExp('^a.*b$', 'im')],
  ['Code', new Code('return 1')],
  ['Code with scope', new Code('return x', { x: new Int32(1) })],
  ['Symbol', new BSONSymbol('sym')],
  ['object', { b: new Int32(1), a: { c: new Double(2) } }],
  ['empty object', {}],
  ['array', [new Int32(1), 'two', new Double(3), null, [], {}]],
  ['empty array', []],
]

async function storedBytes(filter: BSON.Document, collection: string): Promise<Buffer> {
  const [raw] = await engine.db.collection(collection).find(filter, { raw: true }).toArray()
  return Buffer.from(raw as unknown as Uint8Array)
}

describe('a value comes back bit for bit', () => {
  it.each(VALUES)('%s', async (_, value) => {
    const collection = await engine.collection()
    const document = { _id: 1, value, after: 'x' }
    await collection.insertOne(document)
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(Buffer.from(BSON.serialize(document)))
  })

  it.each(VALUES)('%s, after an update of another field', async (_, value) => {
    const collection = await engine.collection()
    await collection.insertOne({ _id: 1, value, after: 'x' })
    await collection.updateOne({ _id: 1 }, { $set: { after: 'y' } })
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(
      Buffer.from(BSON.serialize({ _id: 1, value, after: 'y' })),
    )
  })

  it.each(VALUES)('%s, set by an update', async (_, value) => {
    const collection = await engine.collection()
    await collection.insertOne({ _id: 1 })
    await collection.updateOne({ _id: 1 }, { $set: { value } })
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(
      Buffer.from(BSON.serialize({ _id: 1, value })),
    )
  })

  it.each(VALUES)('%s, through a pipeline that does not look at it', async (_, value) => {
    const collection = await engine.collection()
    await collection.insertOne({ _id: 1, value })
    const pipeline = [{ $match: { _id: 1 } }, { $sort: { _id: 1 } }, { $skip: 0 }, { $limit: 1 }]
    const [raw] = await collection.aggregate(pipeline, { raw: true }).toArray()
    expect(Buffer.from(raw as unknown as Uint8Array)).toEqual(Buffer.from(BSON.serialize({ _id: 1, value })))
  })

  // The driver gives a document whose _id is null an _id of its own.
  it.each(VALUES.filter(([name]) => !/regular|array|null$/.test(name)))('%s, as _id', async (_, value) => {
    const collection = await engine.collection()
    await collection.insertOne({ _id: value as object, a: 1 })
    expect(await storedBytes({ _id: { $eq: value as object } }, collection.collectionName)).toEqual(
      Buffer.from(BSON.serialize({ _id: value, a: 1 })),
    )
  })
})

describe('field names', () => {
  const inserted = async (document: Map<string, unknown>) => {
    const collection = await engine.collection()
    const socket = await WireSocket.open(engine.uri)
    const bytes = BSON.serialize(document)
    const body = bodySection({ insert: collection.collectionName, $db: engine.db.databaseName })
    const reply = await socket.request(opMsg([body, sequenceSection('documents', [bytes])]))
    expect(msgDocument(reply)).toEqual({ n: 1, ok: 1 })
    await socket.end()
    return { collection, bytes: Buffer.from(bytes) }
  }
  const STRANGE = new Map<string, unknown>([
    ['_id', new Int32(1)],
    ['b', new Int32(1)],
    ['10', 'ten'],
    ['2', 'two'],
    [
      'a',
      new Map([
        ['1', 1],
        ['0', 0],
      ]),
    ],
    ['__proto__', new Map([['polluted', true]])],
    ['constructor', 'c'],
    ['', 'empty'],
  ])

  it('that look like numbers, and __proto__, keep their order and their values', async () => {
    const { collection, bytes } = await inserted(STRANGE)
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(bytes)
  })

  it('and keep their values through an update, and their order but for those that look like numbers', async () => {
    const { collection, bytes } = await inserted(STRANGE)
    await collection.updateOne({ _id: 1 }, { $set: { b: new Int32(2) } })
    // A document that is changed passes through an object, which puts the names that look like numbers first.
    const fields = Object.entries(BSON.deserialize(await storedBytes({ _id: 1 }, collection.collectionName)))
    expect(fields).toEqual(Object.entries({ ...BSON.deserialize(bytes), b: 2 }))
  })
})

describe('numbers of different types with one value', () => {
  const ONES = [
    new Int32(1),
    Long.fromNumber(1),
    new Double(1),
    Decimal128.fromString('1'),
    Decimal128.fromString('1.0'),
  ]

  it.each(ONES)('are found by %s', async (one) => {
    const collection = await engine.collection(ONES.map((n, _id) => ({ _id, n })))
    await collection.createIndexes([{ key: { n: 1 } }])
    expect(await collection.countDocuments({ n: one })).toBe(5)
    expect(await collection.find({ n: one }).hint({ $natural: 1 }).toArray()).toHaveLength(5)
  })

  it('are one key to a unique index', async () => {
    const collection = await engine.collection([{ _id: Long.fromNumber(1) }])
    await expect(collection.insertOne({ _id: new Double(1) })).rejects.toMatchObject({ code: 11_000 })
    await expect(collection.insertOne({ _id: Decimal128.fromString('1.0') })).rejects.toMatchObject({
      code: 11_000,
    })
  })

  it('a long beyond the doubles is not taken for its neighbour', async () => {
    const collection = await engine.collection([
      { _id: 1, n: Long.fromString('9007199254740993') },
      { _id: 2, n: Long.fromString('9007199254740992') },
    ])
    expect(await collection.find({ n: Long.fromString('9007199254740993') }).toArray()).toHaveLength(1)
    expect(await collection.find({ n: new Double(9_007_199_254_740_992) }).toArray()).toMatchObject([{ _id: 2 }])
    await collection.createIndexes([{ key: { n: 1 }, unique: true }])
    expect(await collection.find({ n: { $gt: new Double(9_007_199_254_740_992) } }).toArray()).toMatchObject([
      { _id: 1 },
    ])
  })
})
