import { MongoClient } from 'mongodb'
import { STABLE_COMMANDS } from '../../src/embedded-mongo/commands/api-version'
import { COMMANDS } from '../../src/embedded-mongo/commands/table'
import { type Doc, serverError, useEngine } from './use-engine'

const engine = useEngine()
let strict: MongoClient

describe('a client that asks for version 1 of the API, strictly', () => {
  beforeAll(async () => {
    const serverApi = { version: '1', strict: true, deprecationErrors: true } as const
    strict = await MongoClient.connect(engine.uri, { directConnection: true, serverApi })
  })
  afterAll(() => strict.close())

  it('reads and writes, in transactions too', async () => {
    const collection = strict.db(engine.database).collection<Doc>('strict')
    await collection.insertMany([{ _id: 1, a: 1 }, { _id: 2 }])
    await collection.createIndex({ a: 1 })
    await collection.updateOne({ _id: 1 }, { $inc: { a: 1 } })
    await strict.withSession((session) =>
      session.withTransaction(() => collection.findOneAndDelete({ _id: 2 }, { session })),
    )
    expect(await collection.aggregate([{ $match: { a: 2 } }]).toArray()).toEqual([{ _id: 1, a: 2 }])
    expect(await collection.estimatedDocumentCount()).toBe(1)
    expect(await collection.find().batchSize(1).toArray()).toHaveLength(1)
    expect(await strict.db(engine.database).command({ collMod: 'strict', validator: {} })).toMatchObject({ ok: 1 })
  })

  it('is refused commands, fields and options of indexes that are not in it', async () => {
    const db = strict.db(engine.database)
    const refused = { code: 323, codeName: 'APIStrictError' }
    expect(await serverError(db.collection('strict').distinct('a'))).toMatchObject({
      ...refused,
      message: expect.stringContaining(
        'Provided apiStrict:true, but the command distinct is not in API Version 1',
      ) as unknown,
    })
    for (const command of [
      { serverStatus: 1 },
      { isMaster: 1 },
      { find: 'strict', tailable: true },
      { createIndexes: 'strict', indexes: [{ key: { b: 1 }, name: 'b_1', sparse: true }] },
    ]) {
      expect(await serverError(db.command(command))).toMatchObject(refused)
    }
  })
})

it.each<[string, object, number]>([
  ['another version', { apiVersion: '2' }, 322],
  ['a version that is no text', { apiVersion: 1 }, 14],
  ['strictness without a version', { apiStrict: true }, 4_886_600],
  ['errors for what is deprecated, without a version', { apiDeprecationErrors: true }, 4_886_600],
])('%s is an error', async (_name, api, code) => {
  expect(await serverError(engine.db.command({ ping: 1, ...api }))).toMatchObject({ code })
})

it('without strictness everything is answered', async () => {
  expect(await engine.db.command({ distinct: 'c', key: 'a', apiVersion: '1' })).toMatchObject({ values: [] })
})

it('the commands of version 1 are all there', () => {
  const names = COMMANDS.map(({ name }) => name)
  expect(STABLE_COMMANDS.filter((name) => !names.includes(name))).toEqual([])
})
