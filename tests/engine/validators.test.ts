import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Collection, type CollectionInfo, type Document, Long, MongoClient } from 'mongodb'
import { stdoutMatch } from '../support/child-process'
import { spawnEngine, startEngine } from './start-engine'
import { type Doc, codeOf, serverError, useEngine } from './use-engine'

const engine = useEngine()

const SCHEMA = {
  $jsonSchema: {
    bsonType: 'object',
    title: 'a student',
    required: ['name'],
    properties: {
      name: { bsonType: 'string', description: 'a name, and it is required' },
      age: { bsonType: 'int', minimum: 0 },
    },
  },
}
const INVALID = { code: 121 }

let count = 0

/** A new collection with a validator. */
function validated(options: Document = { validator: SCHEMA }): Promise<Collection<Doc>> {
  return engine.db.createCollection<Doc>(`validated${++count}`, options)
}

/** As listCollections shows them. */
async function optionsOf(collection: Collection<Doc>): Promise<unknown> {
  const listed = engine.db.listCollections<CollectionInfo>({ name: collection.collectionName })
  return (await listed.next())?.options
}

/** Of a single write, or of the first that failed of several. */
function errInfoOf({ errInfo, writeErrors }: Document): unknown {
  return errInfo ?? (writeErrors as { errInfo?: unknown }[] | undefined)?.[0]?.errInfo
}

const stored = (collection: Collection<Doc>): Promise<Doc[]> => collection.find().sort({ _id: 1 }).toArray()

describe('a write that would leave an invalid document', () => {
  it('is an error that says which document, and why', async () => {
    const collection = await validated()
    const error = await serverError(collection.insertOne({ _id: 1, age: -1 }))
    expect(error).toMatchObject({ code: 121, message: 'Document failed validation' })
    expect(error.errInfo).toEqual({
      failingDocumentId: 1,
      details: {
        operatorName: '$jsonSchema',
        title: 'a student',
        schemaRulesNotSatisfied: [
          {
            operatorName: 'properties',
            propertiesNotSatisfied: [
              {
                propertyName: 'age',
                details: [
                  {
                    operatorName: 'minimum',
                    specifiedAs: { minimum: 0 },
                    reason: 'comparison failed',
                    consideredValue: -1,
                  },
                ],
              },
            ],
          },
          { operatorName: 'required', specifiedAs: { required: ['name'] }, missingProperties: ['name'] },
        ],
      },
    })
    expect(await stored(collection)).toEqual([])
  })

  it('is refused by a validator of query operators too', async () => {
    const collection = await validated({ validator: { age: { $gte: 18 }, $expr: { $lt: ['$age', '$$NOW'] } } })
    await collection.insertOne({ age: 18 })
    const { errInfo } = await serverError(collection.insertOne({ _id: 1, age: 3 }))
    expect(errInfo).toEqual({
      failingDocumentId: 1,
      details: {
        operatorName: '$and',
        clausesNotSatisfied: [
          {
            index: 0,
            details: {
              operatorName: '$gte',
              specifiedAs: { age: { $gte: 18 } },
              reason: 'comparison failed',
              consideredValue: 3,
            },
          },
        ],
      },
    })
  })

  it.each<[string, (collection: Collection<Doc>) => Promise<unknown>]>([
    ['insertMany', (collection) => collection.insertMany([{ name: 'ok' }, { name: 1 }])],
    ['updateOne', (collection) => collection.updateOne({ _id: 1 }, { $set: { name: 1 } })],
    ['updateOne with a pipeline', (collection) => collection.updateOne({ _id: 1 }, [{ $unset: 'name' }])],
    ['updateMany', (collection) => collection.updateMany({}, { $unset: { name: 1 } })],
    ['replaceOne', (collection) => collection.replaceOne({ _id: 1 }, { age: 1 })],
    ['an upsert', (collection) => collection.updateOne({ _id: 9 }, { $set: { age: 1 } }, { upsert: true })],
    ['a replacing upsert', (collection) => collection.replaceOne({ _id: 9 }, { age: 1 }, { upsert: true })],
    ['findOneAndUpdate', (collection) => collection.findOneAndUpdate({ _id: 1 }, { $set: { age: 'x' } })],
    [
      'findOneAndUpdate that upserts',
      (collection) => collection.findOneAndUpdate({ _id: 9 }, { $set: { age: 1 } }, { upsert: true }),
    ],
    ['findOneAndReplace', (collection) => collection.findOneAndReplace({ _id: 1 }, { age: 1 })],
    ['bulkWrite', (collection) => collection.bulkWrite([{ insertOne: { document: { age: 1 } } }])],
    [
      'bulkWrite of an update',
      (collection) => collection.bulkWrite([{ updateOne: { filter: {}, update: { $set: { name: 1 } } } }]),
    ],
  ])('%s', async (_name, write) => {
    const collection = await validated()
    await collection.insertOne({ _id: 1, name: 'Ada', age: 36 })
    const error = await serverError(write(collection))
    expect(error).toMatchObject(INVALID)
    expect(errInfoOf(error)).toMatchObject({ details: { operatorName: '$jsonSchema' } })
    expect(await collection.find({ _id: 1 }).toArray()).toEqual([{ _id: 1, name: 'Ada', age: 36 }])
    expect(await collection.countDocuments({ $nor: [SCHEMA] })).toBe(0)
  })

  it.each<[string, (collection: Collection<Doc>) => Promise<unknown>]>([
    ['insertOne', (c) => c.insertOne({ _id: 2 }, { bypassDocumentValidation: true })],
    ['updateOne', (c) => c.updateOne({ _id: 1 }, { $unset: { name: 1 } }, { bypassDocumentValidation: true })],
    ['replaceOne', (c) => c.replaceOne({ _id: 1 }, { age: 1 }, { bypassDocumentValidation: true })],
    [
      'an upsert',
      (c) => c.updateOne({ _id: 2 }, { $set: { age: 1 } }, { upsert: true, bypassDocumentValidation: true }),
    ],
    [
      'findOneAndUpdate',
      (c) => c.findOneAndUpdate({ _id: 1 }, { $unset: { name: 1 } }, { bypassDocumentValidation: true }),
    ],
    ['bulkWrite', (c) => c.bulkWrite([{ insertOne: { document: { _id: 2 } } }], { bypassDocumentValidation: true })],
    [
      '$merge',
      (c) =>
        c
          .aggregate([{ $project: { name: 0 } }, { $merge: { into: c.collectionName, whenMatched: 'replace' } }], {
            bypassDocumentValidation: true,
          })
          .toArray(),
    ],
    [
      '$out',
      (c) =>
        c
          .aggregate([{ $project: { name: 0 } }, { $out: c.collectionName }], { bypassDocumentValidation: true })
          .toArray(),
    ],
  ])('is done when validation is bypassed: %s', async (_name, write) => {
    const collection = await validated()
    await collection.insertOne({ _id: 1, name: 'Ada', age: 36 })
    await write(collection)
    expect(await collection.countDocuments({ $nor: [SCHEMA] })).toBe(1)
  })

  it('is one error among others where the rest goes on', async () => {
    const collection = await validated()
    const documents = [
      { _id: 1 },
      { _id: 2, name: 'a' },
      { _id: 2, name: 'b' },
      { _id: 3, name: 3 },
      { _id: 4, name: 'c' },
    ]
    const error = await serverError(collection.insertMany(documents, { ordered: false }))
    const told = error['writeErrors'] as { index: number; code: number; err: { errInfo?: Document } }[]
    expect(told.map(({ index, code }) => [index, code])).toEqual([
      [0, 121],
      [2, 11_000],
      [3, 121],
    ])
    expect(told[2]?.err.errInfo?.['failingDocumentId']).toBe(3)
    expect((await stored(collection)).map(({ _id }) => _id)).toEqual([2, 4])
  })

  it('is told of in place by the bulkWrite of the client', async () => {
    const collection = await validated()
    const command = {
      bulkWrite: 1,
      ops: [
        { insert: 0, document: { _id: 1 } },
        { insert: 0, document: { _id: 2, name: 'a' } },
        { update: 0, filter: { _id: 2 }, updateMods: { $set: { name: 2 } } },
      ],
      nsInfo: [{ ns: collection.namespace }],
      ordered: false,
    }
    const reply = await engine.client.db('admin').command(command)
    const results = (reply['cursor'] as { firstBatch: Document[] }).firstBatch
    expect(results.map(({ idx, ok, code }) => [idx, ok, code] as unknown)).toEqual([
      [0, 0, 121],
      [1, 1, undefined],
      [2, 0, 121],
    ])
    expect(results[2]).toMatchObject({ errInfo: { failingDocumentId: 2 } })
    await engine.client.db('admin').command({ ...command, bypassDocumentValidation: true, ops: command.ops.slice(2) })
    expect(await stored(collection)).toEqual([{ _id: 2, name: 2 }])
  })

  it('is counted by validate where it was there before, and is no damage', async () => {
    const collection = await validated()
    await collection.insertMany([{ _id: 1 }, { _id: 2, name: 'a' }, { _id: 3, name: 4 }], {
      bypassDocumentValidation: true,
    })
    expect(await engine.db.command({ validate: collection.collectionName })).toMatchObject({
      nrecords: 3,
      nInvalidDocuments: 0,
      nNonCompliantDocuments: 2,
      valid: true,
      warnings: ["Detected one or more documents not compliant with the collection's schema."],
      errors: [],
    })
  })

  it('aborts a transaction', async () => {
    const collection = await validated()
    await engine.client.withSession(async (session) => {
      session.startTransaction()
      await collection.insertOne({ _id: 1, name: 'a' }, { session })
      await expect(collection.insertOne({ _id: 2 }, { session })).rejects.toMatchObject(INVALID)
      await expect(session.commitTransaction()).rejects.toMatchObject({ code: 251 })
    })
    expect(await stored(collection)).toEqual([])
  })

  it('fails again when it is sent again, and what went before it is not done twice', async () => {
    const collection = await validated()
    await engine.client.withSession(async (session) => {
      const command = {
        insert: collection.collectionName,
        documents: [{ _id: 1, name: 'a' }, { _id: 2 }],
        lsid: session.id,
        txnNumber: Long.fromNumber(1),
      }
      for (const retried of [undefined, [0]]) {
        const reply = await engine.db.command(command)
        expect(reply).toMatchObject({ n: 1, writeErrors: [{ index: 1, code: 121, errInfo: { failingDocumentId: 2 } }] })
        expect(reply['retriedStmtIds']).toEqual(retried)
      }
    })
    expect(await stored(collection)).toEqual([{ _id: 1, name: 'a' }])
  })

  it('leaves the target of $out as it was, and its rules', async () => {
    const [source, target] = [await engine.collection([{ _id: 1, name: 'a' }, { _id: 2 }]), await validated()]
    await target.insertOne({ _id: 0, name: 'old' })
    const out = { $out: target.collectionName }
    await expect(source.aggregate([out]).toArray()).rejects.toMatchObject({
      code: 121,
      errInfo: { failingDocumentId: 2 },
    })
    expect(await stored(target)).toEqual([{ _id: 0, name: 'old' }])
    await source.aggregate([{ $match: { _id: 1 } }, out]).toArray()
    expect(await stored(target)).toEqual([{ _id: 1, name: 'a' }])
    await expect(target.insertOne({})).rejects.toMatchObject(INVALID)
    await expect(source.aggregate([{ $merge: target.collectionName }]).toArray()).rejects.toMatchObject(INVALID)
  })
})

describe('validationLevel', () => {
  it('strict: an update must leave a valid document', async () => {
    const collection = await validated()
    await collection.insertOne({ _id: 1 }, { bypassDocumentValidation: true })
    await expect(collection.updateOne({ _id: 1 }, { $set: { age: 1 } })).rejects.toMatchObject(INVALID)
    await collection.updateOne({ _id: 1 }, { $set: { name: 'Ada' } })
  })

  it('moderate: a document that is invalid already may stay so', async () => {
    const collection = await validated({ validator: SCHEMA, validationLevel: 'moderate' })
    await collection.insertMany([{ _id: 1 }, { _id: 2, name: 'Ada' }], { bypassDocumentValidation: true })
    await collection.updateOne({ _id: 1 }, { $set: { age: -1 } })
    await expect(collection.updateOne({ _id: 2 }, { $set: { age: -1 } })).rejects.toMatchObject(INVALID)
    await expect(collection.insertOne({})).rejects.toMatchObject(INVALID)
    expect(await stored(collection)).toEqual([
      { _id: 1, age: -1 },
      { _id: 2, name: 'Ada' },
    ])
  })

  it('off: everything may be written', async () => {
    const collection = await validated({ validator: SCHEMA, validationLevel: 'off' })
    await collection.insertOne({ name: 1 })
  })

  it('an update that changes nothing is not looked at', async () => {
    const collection = await validated()
    await collection.insertOne({ _id: 1, age: 1 }, { bypassDocumentValidation: true })
    expect(await collection.updateOne({ _id: 1 }, { $set: { age: 1 } })).toMatchObject({ modifiedCount: 0 })
  })
})

describe('validationAction warn', () => {
  it('writes the document, and a line that says so', async () => {
    const child = spawnEngine()
    const [uri] = await stdoutMatch(child, /mongodb:\/\/\S+/, 20_000)
    const lines: string[] = []
    child.stderr?.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
    const client = await MongoClient.connect(uri)
    try {
      const collection = await client
        .db('warned')
        .createCollection('c', { validator: SCHEMA, validationAction: 'warn' })
      for (let i = 0; i < 40; i++) await collection.insertOne({ age: i })
      expect(await collection.countDocuments()).toBe(40)
    } finally {
      await client.close()
      const ended = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGTERM')
      await ended
    }
    expect(lines.join('')).toMatch(/document would fail validation in warned\.c: .*missingProperties/)
  })
})

describe('create with a validator', () => {
  it('is shown by listCollections, as it was given', async () => {
    const options = { validator: SCHEMA, validationLevel: 'moderate', validationAction: 'warn' }
    const both = [await validated(options), await validated()]
    for (const [i, shown] of [options, { validator: SCHEMA }].entries()) {
      expect(await optionsOf(both[i] as Collection<Doc>)).toEqual(shown)
    }
  })

  it.each<[string, Document, number]>([
    ['$where', { validator: { $where: 'true' } }, 2],
    ['$text, deep down', { validator: { $or: [{ $text: { $search: 'x' } }] } }, 2],
    ['$near', { validator: { a: { $near: [0, 0] } } }, 2],
    ['$nearSphere', { validator: { a: { $not: { $nearSphere: [0, 0] } } } }, 2],
    ['an operator that is not known', { validator: { a: { $foo: 1 } } }, 2],
    ['a schema with a keyword that is not known', { validator: { $jsonSchema: { foo: 1 } } }, 9],
    ['what is no document', { validator: 'a' }, 14],
    ['a level that is not known', { validationLevel: 'loose' }, 2],
    ['an action that is not known', { validationAction: 'errorAndLog' }, 2],
  ])('refuses %s', async (_name, options, code) => {
    expect(await serverError(engine.db.command({ create: 'refused', ...options }))).toMatchObject({ code })
    expect(await engine.db.listCollections({ name: 'refused' }).toArray()).toEqual([])
  })

  it.each(['admin', 'local', 'config'])('is not for the database %s', async (name) => {
    const call = engine.client.db(name).createCollection('validated', { validator: SCHEMA })
    expect(await codeOf(call)).toEqual([72, 'InvalidOptions'])
  })

  it('in a transaction it is there with the commit', async () => {
    const name = `validated${++count}`
    await engine.client.withSession((session) =>
      session.withTransaction(async () => {
        const collection = await engine.db.createCollection<Doc>(name, { validator: SCHEMA, session })
        await collection.insertOne({ name: 'Ada' }, { session })
      }),
    )
    await expect(engine.db.collection(name).insertOne({})).rejects.toMatchObject(INVALID)
  })

  it('stops a pattern that would take for ever', async () => {
    const collection = await validated({ validator: { $jsonSchema: { properties: { a: { pattern: '^(a+)+$' } } } } })
    await collection.insertOne({ a: 'aaa' })
    await expect(collection.insertOne({ a: `${'a'.repeat(50)}b` })).rejects.toMatchObject({ code: 50 })
  })
})

describe('collMod', () => {
  const collMod = (collection: Collection<Doc>, change: Document): Promise<Document> =>
    engine.db.command({ collMod: collection.collectionName, ...change })

  it('gives a collection a validator, changes it and takes it away', async () => {
    const collection = await engine.collection([{ _id: 1 }])
    expect(await collMod(collection, { validator: SCHEMA })).toMatchObject({ ok: 1 })
    await expect(collection.insertOne({ _id: 2 })).rejects.toMatchObject(INVALID)
    await collMod(collection, { validationLevel: 'moderate' })
    await collection.updateOne({ _id: 1 }, { $set: { age: 'old' } })
    await collMod(collection, { validationAction: 'warn', validator: { b: 1 } })
    expect(await optionsOf(collection)).toEqual({
      validator: { b: 1 },
      validationLevel: 'moderate',
      validationAction: 'warn',
    })
    await collMod(collection, { validator: {}, validationAction: 'error' })
    await collection.insertOne({ _id: 2 })
    expect(await optionsOf(collection)).toEqual({ validationLevel: 'moderate', validationAction: 'error' })
  })

  it('lets no transaction commit that has seen the rules before', async () => {
    const collection = await engine.collection([{ _id: 1 }])
    await engine.client.withSession(async (session) => {
      session.startTransaction()
      await collection.insertOne({ _id: 2 }, { session })
      await collMod(collection, { validator: SCHEMA })
      await expect(session.commitTransaction()).rejects.toMatchObject({ code: 112 })
    })
    expect(await stored(collection)).toEqual([{ _id: 1 }])
  })

  it('changes the time after which documents go', async () => {
    const collection = await engine.collection([{ _id: 1 }])
    await collection.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
    await collection.createIndex({ plain: 1 })
    expect(await collMod(collection, { index: { keyPattern: { at: 1 }, expireAfterSeconds: 90 } })).toMatchObject({
      expireAfterSeconds_old: 60,
      expireAfterSeconds_new: 90,
    })
    const reply = await collMod(collection, { index: { name: 'plain_1', expireAfterSeconds: 5 } })
    expect(reply).toMatchObject({ expireAfterSeconds_new: 5 })
    expect(Object.keys(reply)).not.toContain('expireAfterSeconds_old')
    const indexes = await collection.indexes()
    expect(indexes.map(({ expireAfterSeconds }) => expireAfterSeconds as unknown)).toEqual([undefined, 90, 5])
  })

  it('hides an index from plans, and shows it again', async () => {
    const collection = await engine.collection([{ _id: 1, a: 1 }])
    await collection.createIndex({ a: 1 })
    const stage = async (): Promise<unknown> => {
      const explained = await collection.find({ a: 1 }).explain('queryPlanner')
      const { winningPlan } = explained['queryPlanner'] as { winningPlan: { stage: string } }
      return winningPlan.stage
    }
    const before = await stage()
    expect(await collMod(collection, { index: { name: 'a_1', hidden: true } })).toMatchObject({
      hidden_old: false,
      hidden_new: true,
    })
    expect(await stage()).toBe('COLLSCAN')
    await collMod(collection, { index: { name: 'a_1', hidden: false } })
    expect(await stage()).toBe(before)
  })

  it.each<[string, Document, number]>([
    ['a field that it does not know', { validatr: {} }, 40_415],
    ['a field of an index that it does not know', { index: { name: 'a_1', hiden: true } }, 40_415],
    ['an index that is not there', { index: { name: 'nope', hidden: true } }, 27],
    ['an index without name or key', { index: { hidden: true } }, 72],
    ['an index with both', { index: { name: 'a_1', keyPattern: { a: 1 }, hidden: true } }, 72],
    ['an index and no change', { index: { name: 'a_1' } }, 72],
    ['to hide the index on _id', { index: { name: '_id_', hidden: true } }, 2],
    ['to let documents go by a compound index', { index: { keyPattern: { a: 1, b: 1 }, expireAfterSeconds: 1 } }, 72],
    ['a time below zero', { index: { name: 'a_1', expireAfterSeconds: -1 } }, 72],
    ['to make an index unique', { index: { name: 'a_1', unique: true } }, 238],
    ['a view', { viewOn: 'a', pipeline: [] }, 238],
    ['a validator with $where', { validator: { $where: 'true' } }, 2],
  ])('refuses %s', async (_name, change, code) => {
    const collection = await engine.collection([{ a: 1 }])
    await collection.createIndexes([{ key: { a: 1 } }, { key: { a: 1, b: 1 } }])
    expect(await serverError(collMod(collection, change))).toMatchObject({ code })
    expect(await engine.db.listCollections({ name: collection.collectionName }).toArray()).toMatchObject([
      { options: {} },
    ])
  })

  it('needs the collection, and is no part of a transaction', async () => {
    expect(await codeOf(engine.db.command({ collMod: 'never_was', validator: {} }))).toEqual([26, 'NamespaceNotFound'])
    await engine.client.withSession(async (session) => {
      session.startTransaction()
      expect(await codeOf(engine.db.command({ collMod: 'c1', validator: {} }, { session }))).toEqual([
        263,
        'OperationNotSupportedInTransaction',
      ])
    })
  })
})

it('a validator stays, over a rename and a restart', async () => {
  const dbpath = await mkdtemp(join(tmpdir(), 'engine-validators-'))
  try {
    const first = await startEngine({ dbpath })
    const client = await MongoClient.connect(first.uri)
    const collection = await client.db('kept').createCollection<Doc>('before', { validator: SCHEMA })
    await collection.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
    const renamed = await collection.rename('after')
    await expect(renamed.insertOne({})).rejects.toMatchObject(INVALID)
    await client.db('kept').command({ collMod: 'after', index: { name: 'at_1', expireAfterSeconds: 70, hidden: true } })
    await client.close()
    await first.kill()
    const second = await startEngine({ dbpath })
    const again = await MongoClient.connect(second.uri)
    const kept = again.db('kept').collection<Doc>('after')
    await expect(kept.insertOne({ age: 1 })).rejects.toMatchObject(INVALID)
    await kept.insertOne({ name: 'Ada' })
    expect(await kept.indexes()).toMatchObject([{}, { expireAfterSeconds: 70, hidden: true }])
    expect(await again.db('kept').listCollections().toArray()).toMatchObject([
      { name: 'after', options: { validator: SCHEMA } },
    ])
    await again.close()
    await second.stop()
  } finally {
    await rm(dbpath, { recursive: true, force: true })
  }
})
