import { type Collection } from 'mongodb'
import { type Doc, codeOf, idsOf, useEngine } from './use-engine'

const IGNORE_CASE = { locale: 'en', strength: 2 }
const IGNORE_ACCENTS = { locale: 'en', strength: 1 }
const WORDS = [
  'Resume',
  'resume',
  'RÉSUMÉ',
  're\u0301sume\u0301',
  'straße',
  'STRASSE',
  'Ångström',
  'angstrom',
  'ｆｕｌｌ',
  'full',
  'か',
  'カ',
  'ﬁne',
  'fine',
  '',
  'Œuvre',
  'oeuvre',
]

const engine = useEngine()
let collection: Collection<Doc>
beforeAll(async () => {
  collection = await engine.collection(WORDS.map((word, _id) => ({ _id, word, words: [word, 'x'], nested: { word } })))
  await collection.createIndexes([
    { key: { word: 1 }, name: 'simple' },
    { key: { word: 1 }, name: 'ignore_case', collation: IGNORE_CASE },
    { key: { words: 1 }, name: 'in_arrays', collation: IGNORE_ACCENTS },
    { key: { nested: 1 }, name: 'of_documents', collation: IGNORE_ACCENTS },
    { key: { word: -1, _id: 1 }, name: 'ignore_accents', collation: IGNORE_ACCENTS },
  ])
})

describe.each([IGNORE_CASE, IGNORE_ACCENTS, { locale: 'en', strength: 3 }, { locale: 'de', strength: 1 }])(
  '%j',
  (collation) => {
    it.each(WORDS)('finds by %j, by index or not, what Intl.Collator calls equal', async (word) => {
      const { compare } = new Intl.Collator(collation.locale, {
        sensitivity: collation.strength === 1 ? 'base' : collation.strength === 2 ? 'accent' : 'variant',
      })
      const equal = WORDS.flatMap((other, _id) => (compare(other, word) === 0 ? [_id] : []))
      for (const filter of [
        { word },
        { word: { $in: [word] } },
        { words: word },
        { nested: { word } },
        { $or: [{ word }, { nested: { word } }] },
      ]) {
        expect(await idsOf(collection.find(filter).collation(collation).sort({ _id: 1 }).toArray())).toEqual(equal)
      }
    })
  },
)

it('uses the index of the same collation and no other', async () => {
  const indexOf = async (cursor: ReturnType<typeof collection.find>) => {
    const { queryPlanner } = (await cursor.explain('queryPlanner')) as { queryPlanner: { winningPlan: Doc } }
    return (queryPlanner.winningPlan['inputStage'] as Doc | undefined)?.['indexName'] as unknown
  }
  expect(await indexOf(collection.find({ word: 'a' }))).toBe('simple')
  expect(await indexOf(collection.find({ word: 'a' }).collation(IGNORE_CASE))).toBe('ignore_case')
  expect(await indexOf(collection.find({ word: 'a' }).collation(IGNORE_ACCENTS))).toBe('ignore_accents')
  expect(await indexOf(collection.find({ word: 'a' }).collation({ locale: 'sv', strength: 2 }))).toBeUndefined()
  expect(await indexOf(collection.find({ word: { $gt: 'a' } }).collation(IGNORE_CASE))).toBeUndefined()
})

it('ranges, sorts and distinct go by the collation', async () => {
  const few = await engine.collection(['b', 'A', 'a', 'B', 'ä'].map((word, _id) => ({ _id, word })))
  await few.createIndex({ word: 1 }, { collation: IGNORE_CASE })
  expect(await idsOf(few.find().collation(IGNORE_CASE).sort({ word: 1, _id: 1 }).toArray())).toEqual([1, 2, 4, 0, 3])
  expect(
    await idsOf(
      few
        .find({ word: { $gte: 'B' } })
        .collation(IGNORE_CASE)
        .sort({ _id: 1 })
        .toArray(),
    ),
  ).toEqual([0, 3])
  expect(await few.distinct('word', {}, { collation: IGNORE_CASE })).toEqual(['b', 'A', 'ä'])
  const groups = few.aggregate([{ $group: { _id: '$word', n: { $sum: 1 } } }, { $sort: { n: -1, _id: 1 } }], {
    collation: IGNORE_ACCENTS,
  })
  expect(await groups.toArray()).toEqual([
    { _id: 'A', n: 3 },
    { _id: 'b', n: 2 },
  ])
})

it('a unique index takes equal strings for one, and listIndexes shows the whole collation', async () => {
  const unique = await engine.collection([{ _id: 1, name: 'Ann' }])
  await unique.createIndex({ name: 1 }, { unique: true, collation: IGNORE_CASE })
  expect(await codeOf(unique.insertOne({ _id: 2, name: 'ANN' }))).toEqual([11_000, undefined])
  await unique.insertOne({ _id: 3, name: 'Änn' })
  const upserted = await unique.updateOne(
    { name: 'aNN' },
    { $set: { seen: true } },
    { upsert: true, collation: IGNORE_CASE },
  )
  expect([upserted.matchedCount, upserted.upsertedCount]).toEqual([1, 0])
  const [, index] = await unique.indexes()
  expect(index).toMatchObject({
    name: 'name_1',
    unique: true,
    collation: { locale: 'en', strength: 2, caseLevel: false },
  })
  expect(await engine.db.command({ validate: unique.collectionName })).toMatchObject({ valid: true })
})

it('what an index cannot do is refused', async () => {
  for (const collation of [
    { locale: 'en', numericOrdering: true },
    { locale: 'en', alternate: 'shifted' as const },
    { locale: 'en', strength: 4 },
  ]) {
    expect((await codeOf(collection.createIndex({ word: 1, nested: 1 }, { collation })))[0]).toBe(2)
  }
})

describe('a hint that names no index is an error', () => {
  const hint = 'nope'
  it.each<[string, () => Promise<unknown>]>([
    ['find', () => collection.find({}, { hint }).toArray()],
    ['find with a collation', () => collection.find({ word: 'a' }, { hint, collation: IGNORE_CASE }).toArray()],
    ['find with a filter that nothing matches', () => collection.find({ $alwaysFalse: 1 }, { hint }).toArray()],
    ['count', () => collection.countDocuments({}, { hint })],
    ['distinct', () => engine.db.command({ distinct: collection.collectionName, key: 'word', hint })],
    ['aggregate', () => collection.aggregate([{ $group: { _id: 1 } }], { hint }).toArray()],
    ['update', () => collection.updateOne({ _id: 1 }, { $set: { a: 1 } }, { hint })],
    ['delete', () => collection.deleteMany({ _id: -1 }, { hint })],
    [
      'findAndModify',
      () => engine.db.command({ findAndModify: collection.collectionName, query: { _id: 1 }, remove: true, hint }),
    ],
  ])('%s', async (_, call) => {
    expect((await codeOf(call()))[0]).toBe(2)
  })
})
