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

  it('and keep both through an update', async () => {
    const { collection, bytes } = await inserted(STRANGE)
    await collection.updateOne({ _id: 1 }, { $set: { b: new Int32(2), 'a.3': new Int32(3), 'a.2': new Int32(2) } })
    const changed = new Map(STRANGE).set('b', new Int32(2)).set(
      'a',
      new Map([
        ['1', 1],
        ['0', 0],
        ['2', 2],
        ['3', 3],
      ]),
    )
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(Buffer.from(BSON.serialize(changed)))
    await collection.updateOne({ _id: 1 }, { $unset: { 'a.2': '', 'a.3': '' }, $set: { b: new Int32(1) } })
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(bytes)
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

describe('arithmetic on numbers of two types', () => {
  const [int, long, double] = [new Int32(2), Long.fromNumber(3), new Double(0.5)]
  const decimal = Decimal128.fromString('1.10')

  it.each<readonly [string, unknown, string, unknown, unknown]>([
    ['an int and an int are an int', int, '$inc', new Int32(5), new Int32(7)],
    ['and a long beyond the ints', new Int32(2_147_483_647), '$inc', new Int32(1), Long.fromString('2147483648')],
    ['an int and a long are a long', int, '$inc', long, Long.fromNumber(5)],
    ['a long and an int are a long', long, '$inc', int, Long.fromNumber(5)],
    ['longs are exact', Long.fromString('9007199254740992'), '$inc', new Int32(1), Long.fromString('9007199254740993')],
    ['an int and a double are a double', int, '$inc', double, new Double(2.5)],
    ['a double and a long are a double', double, '$inc', long, new Double(3.5)],
    ['an int and a decimal are a decimal', int, '$inc', decimal, Decimal128.fromString('3.10')],
    ['a decimal and a long are a decimal', decimal, '$inc', long, Decimal128.fromString('4.10')],
    ['a field that is not there is the number', undefined, '$inc', decimal, decimal],
    ['products: of ints an int', int, '$mul', new Int32(-4), new Int32(-8)],
    ['of ints a long beyond the ints', new Int32(65_536), '$mul', new Int32(65_536), Long.fromString('4294967296')],
    [
      'of longs exact',
      Long.fromString('94906267'),
      '$mul',
      Long.fromString('94906267'),
      Long.fromString('9007199515875289'),
    ],
    ['of a double and an int a double', double, '$mul', int, new Double(1)],
    ['of a decimal and an int a decimal', decimal, '$mul', int, Decimal128.fromString('2.20')],
    ['of nothing a zero of the same type', undefined, '$mul', long, Long.fromNumber(0)],
  ])('%s', async (_, before, operator, operand, after) => {
    const collection = await engine.collection([before === undefined ? { _id: 1 } : { _id: 1, n: before }])
    await collection.updateOne({ _id: 1 }, { [operator]: { n: operand } })
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(
      Buffer.from(BSON.serialize({ _id: 1, n: after })),
    )
  })

  it.each([
    ['a long that becomes too large', Long.MAX_VALUE, { $inc: { n: 1 } }, 2],
    ['a product of longs that is too large', Long.MAX_VALUE, { $mul: { n: 2 } }, 2],
    ['what is no number', 'text', { $inc: { n: 1 } }, 14],
    ['a number and what is none', 1, { $inc: { n: 'text' } }, 14],
  ])('%s is refused, and nothing is changed', async (_, before, update, code) => {
    const collection = await engine.collection([{ _id: 1, n: before }])
    const bytes = await storedBytes({ _id: 1 }, collection.collectionName)
    await expect(collection.updateOne({ _id: 1 }, update as BSON.Document)).rejects.toMatchObject({ code })
    expect(await storedBytes({ _id: 1 }, collection.collectionName)).toEqual(bytes)
  })
})
