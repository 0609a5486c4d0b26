import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { startEngine } from './start-engine'
import { type Doc, codeOf, useEngine } from './use-engine'

const engine = useEngine()

describe('renameCollection', () => {
  it('keeps documents and indexes, and the old name is free', async () => {
    const collection = await engine.collection([{ _id: 1, u: 1 }])
    await collection.createIndex({ u: 1 }, { unique: true })
    const old = collection.collectionName
    const renamed = await collection.rename('renamed')
    expect(await renamed.find().hint({ u: 1 }).toArray()).toEqual([{ _id: 1, u: 1 }])
    await expect(renamed.insertOne({ u: 1 })).rejects.toMatchObject({ code: 11_000 })
    await engine.db.collection<Doc>(old).insertOne({ _id: 7 })
    expect(await engine.db.command({ validate: 'renamed' })).toMatchObject({ valid: true, nrecords: 1, nIndexes: 2 })
    expect(await engine.db.collection(old).find().toArray()).toEqual([{ _id: 7 }])
  })

  it('refuses a target that is there, unless it may drop it', async () => {
    const [from, to] = [await engine.collection([{ _id: 1 }]), await engine.collection([{ _id: 2 }])]
    expect(await codeOf(from.rename(to.collectionName))).toEqual([48, 'NamespaceExists'])
    await from.rename(to.collectionName, { dropTarget: true })
    expect(await to.find().toArray()).toEqual([{ _id: 1 }])
    expect(await codeOf(engine.db.collection('never_was').rename('x'))).toEqual([26, 'NamespaceNotFound'])
  })
})

describe('$out', () => {
  it('takes the place of the collection, whose indexes stay', async () => {
    const source = await engine.collection([1, 2, 3].map((n) => ({ _id: n, n })))
    const target = await engine.collection([{ _id: 'old', n: 9 }])
    await target.createIndex({ n: 1 }, { unique: true })
    const pipeline = [{ $match: { n: { $gt: 1 } } }, { $out: target.collectionName }]
    expect(await source.aggregate(pipeline).toArray()).toEqual([])
    expect(await target.find().hint({ n: 1 }).toArray()).toEqual([
      { _id: 2, n: 2 },
      { _id: 3, n: 3 },
    ])
    await expect(target.insertOne({ n: 3 })).rejects.toMatchObject({ code: 11_000 })
    await source.updateOne({ _id: 1 }, { $set: { n: 2 } })
    await expect(source.aggregate([{ $out: target.collectionName }]).toArray()).rejects.toMatchObject({ code: 11_000 })
    expect(await target.countDocuments()).toBe(2)
    expect(await engine.db.listCollections({ name: /tmp/ }).toArray()).toEqual([])
  })

  it('must be the last stage', async () => {
    const source = await engine.collection([{}])
    const code = codeOf(source.aggregate([{ $out: 'x' }, { $limit: 1 }]).toArray())
    expect(await code).toEqual([40_601, 'Location40601'])
  })
})

describe('$merge', () => {
  const SOURCE = [
    { _id: 1, a: 1 },
    { _id: 2, a: 2 },
  ]
  it.each([
    [{}, [{ _id: 1, a: 1, b: 1 }, SOURCE[1]]],
    [{ whenMatched: 'replace' }, SOURCE],
    [{ whenMatched: 'keepExisting' }, [{ _id: 1, b: 1 }, SOURCE[1]]],
    [{ whenNotMatched: 'discard' }, [{ _id: 1, a: 1, b: 1 }]],
    [{ whenMatched: [{ $set: { c: { $add: ['$b', '$$new.a'] } } }] }, [{ _id: 1, b: 1, c: 2 }, SOURCE[1]]],
  ])('%j', async (modes, expected) => {
    const [source, target] = [await engine.collection(SOURCE), await engine.collection([{ _id: 1, b: 1 }])]
    await source.aggregate([{ $merge: { into: target.collectionName, ...modes } }]).toArray()
    expect(await target.find().sort({ _id: 1 }).toArray()).toEqual(expected)
  })

  it('fail, and fields that no unique index has', async () => {
    const [source, target] = [await engine.collection(SOURCE), await engine.collection([{ _id: 1, b: 1 }])]
    const merge = (modes: object) => source.aggregate([{ $merge: { into: target.collectionName, ...modes } }]).toArray()
    expect(await codeOf(merge({ whenMatched: 'fail' }))).toEqual([11_000, 'DuplicateKey'])
    expect(await codeOf(merge({ whenNotMatched: 'fail' }))).toEqual([13_113, 'MergeStageNoMatchingDocument'])
    expect(await codeOf(merge({ on: 'a' }))).toEqual([51_183, 'Location51183'])
  })
})

it('backup: a copy of one moment that opens as it is', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'engine-backup-')), 'copy')
  const collection = await engine.collection(Array.from({ length: 2_000 }, (_, n) => ({ _id: n, n })))
  await collection.createIndex({ n: 1 })
  const state = { writing: true }
  const write = async () => {
    for (let n = 2_000; state.writing; n++) await collection.insertOne({ _id: n, n })
  }
  const writer = write()
  await engine.client.db('admin').command({ backup: 1, path: folder })
  state.writing = false
  await writer
  expect(await codeOf(engine.client.db('admin').command({ backup: 1, path: folder }))).toEqual([2, 'BadValue'])
  const copy = await startEngine({ dbpath: folder })
  const client = await MongoClient.connect(copy.uri)
  const db = client.db(engine.database)
  const { nrecords, valid } = await db.command({ validate: collection.collectionName })
  expect({ valid, enough: nrecords >= 2_000 }).toEqual({ valid: true, enough: true })
  await client.close()
  await copy.stop()
  await rm(join(folder, '..'), { recursive: true, force: true })
}, 60_000)
