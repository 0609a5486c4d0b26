import { missingIndexes, wantedModels } from '../../src/cli/doctor/indexes'
import { startApi, type TestApi } from '../support/api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

it('doctor knows every index that the service builds, and finds the one that is missing', async () => {
  const models = wantedModels(api.connection, { mailbox: true })
  const known = new Set(models.map(({ collection }) => collection.collectionName))
  const database = api.connection.db!
  const collections = await database.listCollections().toArray()
  const indexed = await Promise.all(
    collections.map(async ({ name }) => ({ name, indexes: await database.collection(name).indexes() })),
  )

  expect(await missingIndexes(models)).toEqual([])
  expect(indexed.filter(({ name, indexes }) => indexes.length > 1 && !known.has(name))).toEqual([])

  const emails = (await database.collection('users').indexes()).find(({ key }) => 'email' in key)
  await database.collection('users').dropIndex(emails!.name!)
  await database.collection('sessions').drop()
  expect(await missingIndexes(models)).toEqual(
    expect.arrayContaining(['users (email)', 'sessions (user_id, last_used_at)', 'sessions (purge_at)']),
  )
  // Looking builds nothing.
  expect((await database.listCollections({ name: 'sessions' }).toArray()).length).toBe(0)
})
