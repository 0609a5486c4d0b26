import { type Connection, Schema, createConnection } from 'mongoose'
import { type EngineUnderTest, useEngine } from './use-engine'

let connection: Connection
// Before the engine's own hook, which stops it: a client that closes later looks for a server first, for 30 s.
afterAll(() => connection.close())
const engine: EngineUnderTest = useEngine()

const personSchema = new Schema(
  {
    email: { type: String, required: true, unique: true },
    name: { first: String, last: String },
    roles: { type: [String], index: true },
    age: Number,
    tags: { type: Map, of: String },
  },
  { timestamps: true, optimisticConcurrency: true },
)
const personModel = () => connection.model('Person', personSchema)
let Person: ReturnType<typeof personModel>

beforeAll(async () => {
  connection = await createConnection(engine.uri, {
    dbName: engine.db.databaseName,
    directConnection: true,
  }).asPromise()
  Person = personModel()
  await Person.init()
})
afterEach(async () => {
  await Person.deleteMany({})
})

it('makes the collection and its indexes', async () => {
  expect(Object.keys(await Person.collection.indexInformation())).toEqual(['_id_', 'email_1', 'roles_1'])
  expect(await Person.syncIndexes()).toEqual([])
})

it('creates, finds, saves and deletes', async () => {
  const created = await Person.create({ email: 'a', name: { first: 'Ann' }, roles: ['ADMIN'], tags: { k: 'v' } })
  const found = await Person.findById(created._id).orFail()
  expect(found.toObject()).toEqual(created.toObject())
  found.name!.last = 'Lee'
  found.roles.push('CLIENT')
  await found.save()
  expect(await Person.findOne({ roles: 'CLIENT' }).lean()).toMatchObject({
    name: { first: 'Ann', last: 'Lee' },
    roles: ['ADMIN', 'CLIENT'],
    tags: { k: 'v' },
    __v: 1,
  })
  await found.deleteOne()
  expect(await Person.countDocuments()).toBe(0)
})

it('a stale save is refused', async () => {
  const { _id } = await Person.create({ email: 'a' })
  const [first, second] = [await Person.findById(_id).orFail(), await Person.findById(_id).orFail()]
  first.age = 1
  await first.save()
  second.age = 2
  await expect(second.save()).rejects.toMatchObject({ name: 'VersionError' })
})

it('tells a duplicate by its key', async () => {
  await Person.create({ email: 'a' })
  await expect(Person.create({ email: 'a' })).rejects.toMatchObject({
    code: 11_000,
    keyPattern: { email: 1 },
    keyValue: { email: 'a' },
  })
})

it('bulkWrite', async () => {
  const result = await Person.bulkWrite([
    { insertOne: { document: { email: 'a', age: 1 } } },
    { insertOne: { document: { email: 'b', age: 2 } } },
    { updateOne: { filter: { email: 'a' }, update: { $inc: { age: 10 } } } },
    { updateOne: { filter: { email: 'c' }, update: { $set: { age: 3 } }, upsert: true } },
    { deleteOne: { filter: { email: 'b' } } },
  ])
  expect(result).toMatchObject({ insertedCount: 2, modifiedCount: 1, upsertedCount: 1, deletedCount: 1 })
  expect(await Person.find().sort({ email: 1 }).select({ _id: 0, email: 1, age: 1 }).lean()).toEqual([
    { email: 'a', age: 11 },
    { email: 'c', age: 3 },
  ])
})

it('findOneAndUpdate, distinct, aggregate and a cursor', async () => {
  await Person.insertMany(Array.from({ length: 30 }, (_, n) => ({ email: `p${n}`, age: n % 3 })))
  const updated = await Person.findOneAndUpdate(
    { email: 'p0' },
    { $set: { age: 9 } },
    { returnDocument: 'after' },
  ).lean()
  expect(updated).toMatchObject({ email: 'p0', age: 9 })
  expect((await Person.distinct('age')).toSorted()).toEqual([0, 1, 2, 9])
  const groups = await Person.aggregate([{ $group: { _id: '$age', n: { $sum: 1 } } }, { $sort: { _id: 1 } }])
  expect(groups).toEqual([
    { _id: 0, n: 9 },
    { _id: 1, n: 10 },
    { _id: 2, n: 10 },
    { _id: 9, n: 1 },
  ])
  let seen = 0
  for await (const person of Person.find().lean().cursor({ batchSize: 7 })) seen += person.email ? 1 : 0
  expect(seen).toBe(30)
})
