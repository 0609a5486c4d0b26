import { type MongoClient } from 'mongodb'
import { TIMES, type Doc, codeOf, useEngine } from './use-engine'
import { WireSocket, bodySection, msgDocument, opMsg } from './wire-socket'

const engine = useEngine()
const names = async (filter = {}) =>
  (await engine.db.listCollections(filter, { nameOnly: true }).toArray()).map(({ name }) => name).sort()

/** A database that the test alone uses. */
async function inDatabase(name: string, work: (client: MongoClient) => Promise<void>) {
  await engine.client.db(name).dropDatabase()
  try {
    await work(engine.client)
  } finally {
    await engine.client.db(name).dropDatabase()
  }
}

describe('create', () => {
  it('creates an empty collection with its _id index', async () => {
    expect(await engine.db.command({ create: 'created' })).toEqual({ ok: 1, ...TIMES })
    expect(await engine.db.collection('created').indexes()).toEqual([{ v: 2, key: { _id: 1 }, name: '_id_' }])
    expect(await engine.db.collection('created').countDocuments()).toBe(0)
  })

  it('the same again: 48', async () => {
    await engine.db.createCollection('twice')
    expect(await codeOf(engine.db.command({ create: 'twice' }))).toEqual([48, 'NamespaceExists'])
  })

  it('an insert creates its collection; a find, a count or an update without upsert does not', async () => {
    await engine.db.collection('read_only').find().toArray()
    await engine.db.collection('read_only').countDocuments()
    await engine.db.collection('read_only').updateOne({}, { $set: { a: 1 } })
    await engine.db.collection('by_insert').insertOne({ a: 1 })
    expect(await names({ name: { $in: ['read_only', 'by_insert'] } })).toEqual(['by_insert'])
  })
})

describe('drop', () => {
  it('says how many indexes went with it', async () => {
    const collection = await engine.collection([{ a: 1 }])
    await collection.createIndexes([{ key: { a: 1 } }])
    const ns = collection.namespace
    expect(await engine.db.command({ drop: collection.collectionName })).toEqual({
      nIndexesWas: 2,
      ns,
      ok: 1,
      ...TIMES,
      ...TIMES,
    })
    expect(await names({ name: collection.collectionName })).toEqual([])
    expect(await collection.find().toArray()).toEqual([])
  })

  it('a collection that comes again has neither the documents nor the indexes of the first', async () => {
    const collection = await engine.collection([{ _id: 1, a: 1 }])
    await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    await collection.drop()
    await collection.insertMany([
      { _id: 2, a: 1 },
      { _id: 3, a: 1 },
    ])
    expect(await collection.countDocuments()).toBe(2)
    expect(await collection.indexes()).toHaveLength(1)
  })

  it('a missing one is no error', async () => {
    expect(await engine.db.command({ drop: 'never_was' })).toEqual({ ok: 1, ...TIMES })
  })
})

describe('listCollections', () => {
  beforeAll(async () => {
    await engine.db.createCollection('list_a')
    await engine.db.createCollection('list_b')
  })

  it('tells name, type, options, info and _id index', async () => {
    const [found] = await engine.db.listCollections({ name: 'list_a' }).toArray()
    expect(found).toEqual({
      name: 'list_a',
      type: 'collection',
      options: {},
      info: { readOnly: false, uuid: expect.objectContaining({ sub_type: 4 }) },
      idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
    })
  })

  it('nameOnly tells name and type alone', async () => {
    expect(await engine.db.listCollections({ name: 'list_b' }, { nameOnly: true }).toArray()).toEqual([
      { name: 'list_b', type: 'collection' },
    ])
  })

  it('filters like a find', async () => {
    expect(await names({ name: { $regex: '^list_' } })).toEqual(['list_a', 'list_b'])
    expect(await names({ name: { $gt: 'list_a', $lt: 'list_c' } })).toEqual(['list_b'])
    expect(await names({ name: 'list_c' })).toEqual([])
  })

  it('is a cursor', async () => {
    const { cursor } = await engine.db.command({ listCollections: 1, cursor: { batchSize: 1 } })
    expect(cursor.ns).toBe(`${engine.db.databaseName}.$cmd.listCollections`)
    expect(cursor.firstBatch).toHaveLength(1)
    expect(await engine.db.listCollections({ name: /^list_/ }, { batchSize: 1 }).toArray()).toHaveLength(2)
  })
})

describe('databases', () => {
  it('are there while they hold a collection, and are listed with their size', async () => {
    const name = `${engine.db.databaseName}_listed`
    await inDatabase(name, async (client) => {
      const listed = async () => (await client.db('admin').admin().listDatabases({ filter: { name } })).databases
      expect(await listed()).toEqual([])
      await client.db(name).collection('c').insertOne({ a: 1 })
      expect(await listed()).toEqual([{ name, sizeOnDisk: expect.any(Number), empty: false }])
      expect(await client.db(name).dropDatabase()).toBe(true)
      expect(await listed()).toEqual([])
    })
  })

  it('nameOnly', async () => {
    const name = `${engine.db.databaseName}_names`
    await inDatabase(name, async (client) => {
      await client.db(name).collection('c').insertOne({ a: 1 })
      const reply = await client.db('admin').command({ listDatabases: 1, nameOnly: true, filter: { name } })
      expect(reply).toEqual({ databases: [{ name }], ok: 1, ...TIMES })
    })
  })

  it('dropDatabase drops one database, and says so only when there was one', async () => {
    const [gone, stays] = [`${engine.db.databaseName}_gone`, `${engine.db.databaseName}_gone_not`]
    await inDatabase(gone, (client) =>
      inDatabase(stays, async () => {
        await client.db(gone).collection<Doc>('c').insertOne({ _id: 1 })
        await client.db(stays).collection<Doc>('c').insertOne({ _id: 2 })
        expect(await client.db(gone).command({ dropDatabase: 1 })).toEqual({ dropped: gone, ok: 1, ...TIMES })
        expect(await client.db(gone).command({ dropDatabase: 1 })).toEqual({ ok: 1, ...TIMES })
        expect(await client.db(gone).collection('c').countDocuments()).toBe(0)
        expect(await client.db(stays).collection('c').find().toArray()).toEqual([{ _id: 2 }])
      }),
    )
  })

  it.each(['a b', 'a.b', 'a$b', 'a/b', '', 'x'.repeat(64)])('refuses the name %j: 73', async (name) => {
    const socket = await WireSocket.open(engine.uri) // the driver would refuse some of them itself
    const reply = msgDocument(await socket.request(opMsg([bodySection({ create: 'c', $db: name })])))
    await socket.end()
    expect(reply).toMatchObject({ ok: 0, code: 73, codeName: 'InvalidNamespace' })
  })
})
