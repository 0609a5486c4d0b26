import { Int32 } from 'bson'
import * as fc from 'fast-check'
import type { Document } from 'mongodb'
import { expression } from './expressions'
import { filter, sort } from './filters'
import { projection } from './projections'
import { direction, topField } from './values'

/** A collection that every $lookup may look into. */
export const SIDE = 'side'
export const SIDE_DOCUMENTS: readonly Document[] = [
  { _id: 0, key: 1, tags: ['a', 1] },
  { _id: 1, key: 'a', tags: [] },
  { _id: 2, key: null },
  { _id: 3, tags: [[1], { x: 1 }] },
  { _id: 'four', key: [1, 'b'], tags: 2.5 },
]

const BY_ID: Document = { $sort: { _id: 1 } }
const stage: fc.Arbitrary<Document> = fc.oneof(
  { weight: 3, arbitrary: filter.map(($match) => ({ $match })) },
  { weight: 2, arbitrary: sort.map(($sort) => ({ $sort })) },
  topField.map((path) => ({ $unwind: `$${path}` })),
  fc.tuple(topField, fc.boolean()).map(([path, preserveNullAndEmptyArrays]) => ({
    $unwind: { path: `$${path}`, includeArrayIndex: 'at', preserveNullAndEmptyArrays },
  })),
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'c', 'd.x'), expression)
      .map(([path, to]) => ({ $addFields: { [path]: to } })),
  },
  projection.map(($project) => ({ $project })),
  { weight: 2, arbitrary: fc.tuple(topField, expression).map(([path, to]) => ({ $project: { [path]: to, b: 1 } })) },
  topField.map((path) => ({ $unset: path })),
  topField.map((path) => ({
    $replaceRoot: { newRoot: { $mergeObjects: [{ _id: '$_id' }, { was: `$${path}` }] } },
  })),
  fc.tuple(topField, fc.constantFrom('key', 'tags', '_id')).map(([localField, foreignField]) => ({
    $lookup: { from: SIDE, localField, foreignField, pipeline: [BY_ID], as: 'side' },
  })),
  topField.map((path) => ({
    $lookup: {
      from: SIDE,
      let: { of: `$${path}` },
      pipeline: [{ $match: { $expr: { $eq: ['$key', '$$of'] } } }, BY_ID, { $project: { key: 1 } }],
      as: 'side',
    },
  })),
)
const accumulator = fc.tuple(
  fc.constantFrom('$sum', '$avg', '$min', '$max', '$first', '$last', '$push', '$count', '$stdDevPop', '$mergeObjects'),
  topField,
)

function accumulated(given: readonly (readonly [string, string])[]): Document {
  const entries = given.map(([name, path], i) => {
    if (name === '$count') return [`v${i}`, { $count: {} }]
    const object = { $cond: [{ $eq: [{ $type: `$${path}` }, 'object'] }, `$${path}`, {}] }
    return [`v${i}`, { [name]: name === '$mergeObjects' ? object : `$${path}` }]
  })
  return Object.fromEntries(entries) as Document
}

const grouping = fc.oneof(
  fc.constant(null),
  topField.map((path) => `$${path}`),
  topField.map((path) => ({ $type: `$${path}` })),
  fc.tuple(topField, topField).map(([p, q]) => ({ p: { $type: `$${p}` }, q: { $isArray: [`$${q}`] } })),
)
const group = fc
  .tuple(grouping, fc.array(accumulator, { minLength: 1, maxLength: 3 }))
  .map(([_id, given]) => [BY_ID, { $group: { _id, ...accumulated(given) } }])
const topN = fc.tuple(fc.constantFrom('$topN', '$bottomN'), topField, direction).map(([name, path, way]) => {
  // By what is shown too: after $unwind an _id is there more than once.
  const sortBy = { _id: way, [path]: way }
  return [{ $group: { _id: { $type: `$${path}` }, v: { [name]: { n: 2, sortBy, output: `$${path}` } } } }]
})
const firstN = fc
  .tuple(fc.constantFrom('$firstN', '$lastN', '$minN', '$maxN'), topField)
  .map(([name, path]) => [BY_ID, { $group: { _id: null, v: { [name]: { n: 2, input: `$${path}` } } } }])
const setSize = topField.map((path) => [
  { $group: { _id: { $type: `$${path}` }, set: { $addToSet: `$${path}` } } },
  { $project: { size: { $size: '$set' } } },
])
const count = fc.constant([{ $count: 'n' }])
const byCount = topField.map((path) => [{ $sortByCount: { $type: `$${path}` } }])
const facet = fc.tuple(filter, topField).map(([$match, path]) => [
  {
    $facet: {
      found: [{ $match }, BY_ID, { $project: { a: 1 } }],
      kinds: [{ $group: { _id: { $type: `$${path}` } } }, BY_ID],
    },
  },
])
const bucket = fc.nat(3).map((from) => [
  BY_ID,
  {
    $bucket: {
      groupBy: '$_id',
      boundaries: [from, 5, 10],
      default: 'rest',
      output: { n: { $sum: 1 }, ids: { $push: '$_id' } },
    },
  },
])
const windowed = fc
  .tuple(fc.constantFrom('$sum', '$max', '$push'), fc.constantFrom(['unbounded', 'current'], [-1, 1]))
  .map(([name, documents]) => [
    {
      $setWindowFields: {
        partitionBy: { $type: '$a' },
        sortBy: { _id: 1 },
        output: { w: { [name]: '$_id', window: { documents } }, rank: { $documentNumber: {} } },
      },
    },
  ])
const page = fc
  .tuple(sort, fc.nat(3), fc.integer({ min: 1, max: 5 }))
  .map(([$sort, skip, limit]) => [{ $sort }, { $skip: new Int32(skip) }, { $limit: new Int32(limit) }])
const union = fc.constant([{ $project: { a: 1 } }, { $unionWith: { coll: SIDE, pipeline: [{ $match: { key: 1 } }] } }])

export const pipeline: fc.Arbitrary<Document[]> = fc
  .tuple(
    fc.array(stage, { maxLength: 3 }),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 5, arbitrary: group },
      ...[topN, firstN, setSize, count, byCount, facet, bucket, windowed, page, union],
    ),
  )
  .map(([stages, last]) => [...stages, ...last])
