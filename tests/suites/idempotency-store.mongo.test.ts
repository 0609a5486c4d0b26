import { ANSWER_KEPT_MS, LEASE_MS } from '../../src/http/idempotency'
import { ensureIdempotencyIndexes, idempotencyModel } from '../../src/mongo/idempotency.model'
import { MongoIdempotencyStore } from '../../src/mongo/idempotency.mongo-store'
import { DEADLINE_MS, testConnection } from '../support/test-connection'

const START = Date.parse('2099-01-01T00:00:00.000Z')
const REPLY = { status: 201, message: 'Made', headers: { ETag: '"1"' }, dataJson: '{"id":"1"}', subject: '1' }
const by = (owner: string, fingerprint = 'f') => ({ id: 'claim', fingerprint, owner })

const connection = testConnection(ensureIdempotencyIndexes)
let store: MongoIdempotencyStore
let now: number

beforeEach(async () => {
  now = START
  store = new MongoIdempotencyStore(connection(), DEADLINE_MS, () => new Date(now))
  await idempotencyModel(connection()).deleteMany({})
})

const effectOf = async (owner: string) => {
  const begun = await store.begin(by(owner))
  if (begun.kind !== 'owned') throw new Error(begun.kind)
  return begun.effect
}

test('of all who begin at once one does the work', async () => {
  const begun = await Promise.all(Array.from({ length: 20 }, (_, at) => store.begin(by(`${at}`))))
  expect(begun.map(({ kind }) => kind).sort()).toEqual([...Array(19).fill('in_flight'), 'owned'])
})

test('a lease keeps others out until it ends; of all who come then one resumes, under the same name', async () => {
  const first = await effectOf('a')
  expect(first).toEqual({ id: expect.stringMatching(/^[0-9a-f]{24}$/), resumed: false, since: new Date(START) })
  now += LEASE_MS - 1
  expect(await store.begin(by('b'))).toEqual({ kind: 'in_flight', waitMs: 1 })
  now += 1
  const begun = await Promise.all(['c', 'd', 'e'].map((owner) => store.begin(by(owner))))
  expect(begun.filter(({ kind }) => kind === 'owned')).toEqual([{ kind: 'owned', effect: { ...first, resumed: true } }])
  expect(begun.filter(({ kind }) => kind === 'in_flight')).toHaveLength(2)
})

test('a sign of life puts the end of the lease off; one that is late does not', async () => {
  await effectOf('a')
  now += LEASE_MS - 1
  await store.renew(by('a'))
  now += LEASE_MS - 1
  expect(await store.begin(by('b'))).toEqual({ kind: 'in_flight', waitMs: expect.any(Number) })
  now += 1
  await effectOf('b')
  now += LEASE_MS - 1
  await store.renew(by('a'))
  now += 1
  expect(await effectOf('c')).toMatchObject({ resumed: true })
})

test('who gives up lets the next one resume at once', async () => {
  const { id } = await effectOf('a')
  await store.release(by('a'))
  expect(await effectOf('b')).toMatchObject({ id, resumed: true })
})

test('a sign of life that comes after giving up keeps nobody out', async () => {
  await effectOf('a')
  await store.release(by('a'))
  await store.renew(by('a'))
  await effectOf('b')
})

test('whom an attempt remembers, the next one is told; the answer takes the place of that', async () => {
  await effectOf('a')
  await store.remember(by('a'), { userId: '7', email: 'ann@example.com' })
  now += LEASE_MS
  expect(await effectOf('b')).toMatchObject({ resumed: true, holder: { userId: '7', email: 'ann@example.com' } })
  await store.remember(by('a'), { userId: '8', email: 'late@example.com' })
  await store.keep(by('b'), { ...REPLY, subject: undefined })
  const record = await idempotencyModel(connection()).collection.findOne({ subject: '7' })
  expect(record).not.toHaveProperty('holder')
  expect(JSON.stringify(record)).not.toContain('@example.com')
})

test('what is remembered of somebody goes with that person, also from a request at work', async () => {
  await effectOf('a')
  await store.remember(by('a'), { userId: '7', email: 'ann@example.com' })
  await store.eraseFor('7')
  expect(await idempotencyModel(connection()).countDocuments()).toBe(0)
})

test('the first answer stays: whoever lost the lease neither replaces it nor gives it up', async () => {
  await effectOf('a')
  now += LEASE_MS
  await effectOf('b')
  await store.keep(by('a'), { ...REPLY, status: 500 })
  expect(await store.begin(by('c'))).toEqual({ kind: 'in_flight', waitMs: expect.any(Number) })
  await store.keep(by('b'), REPLY)
  await store.release(by('b'))
  await store.keep(by('b'), { ...REPLY, status: 500 })
  expect(await store.begin(by('c'))).toEqual({ kind: 'kept', reply: REPLY })
})

test('another request is told so, at work and afterwards; the key is free when the time is over', async () => {
  const { id } = await effectOf('a')
  expect(await store.begin(by('b', 'another'))).toEqual({ kind: 'mismatch' })
  await store.keep(by('a'), REPLY)
  now = START + ANSWER_KEPT_MS - 1
  expect(await store.begin(by('b', 'another'))).toEqual({ kind: 'mismatch' })
  now += 1
  const begun = await store.begin(by('b', 'another'))
  expect(begun).toMatchObject({ kind: 'owned', effect: { resumed: false } })
  expect(begun).not.toMatchObject({ effect: { id } })
})

test('the answers that show somebody go, and no others', async () => {
  await effectOf('a')
  await store.keep(by('a'), REPLY)
  await store.eraseFor('2')
  expect(await store.begin(by('b'))).toMatchObject({ kind: 'kept' })
  await store.eraseFor('1')
  expect(await store.begin(by('b'))).toMatchObject({ kind: 'owned' })
})

test('the store sweeps by itself', async () => {
  const indexes = await idempotencyModel(connection()).collection.indexes()
  expect(indexes).toContainEqual(expect.objectContaining({ key: { purge_at: 1 }, expireAfterSeconds: 0 }))
})
