import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import * as fc from 'fast-check'
import type { Document } from 'mongodb'

/** A command without its collection, and whether its results come in a defined order. */
export interface Operation {
  readonly command: (collection: string) => Document
  readonly ordered: boolean
}

const FIELDS = ['a', 'b', 'c', 'a.x', 'b.y'] as const
const field = fc.constantFrom(...FIELDS)
const topField = fc.constantFrom('a', 'b', 'c')
const int = fc.integer({ min: -3, max: 6 }).map((value) => new Int32(value))
const number = fc.oneof(
  { weight: 4, arbitrary: int },
  fc.constantFrom(new Double(1), new Double(2.5), new Double(-0.5), new Double(NaN), new Double(Infinity)),
  fc.constantFrom(Long.fromNumber(2), Long.fromString('9007199254740993'), Long.MAX_VALUE, Long.MIN_VALUE),
  fc.constantFrom('1', '2.50', '0.1', '1E+3').map((text) => Decimal128.fromString(text)),
)
const scalar = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 3, arbitrary: fc.constantFrom('', 'a', 'B', 'ab', 'é', 'b') },
  fc.constantFrom<unknown>(null, true, false, new Date(0), new Date(5_000), new MinKey(), new MaxKey()),
  fc.constantFrom<unknown>(
    new ObjectId('0123456789abcdef01234567'),
    new Binary(Buffer.from('ab'), 0),
    new Binary(Buffer.alloc(16, 7), 4),
    new Timestamp({ t: 1, i: 2 }),
  ),
)
const flat = fc.oneof({ weight: 5, arbitrary: scalar }, { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) })
const value = fc.oneof(
  { weight: 6, arbitrary: flat },
  fc.record({ x: flat, y: flat }, { requiredKeys: [] }),
  fc.array(fc.record({ x: scalar, y: scalar }, { requiredKeys: [] }), { maxLength: 2 }),
)
export const newDocuments = fc
  .array(fc.record({ a: value, b: value, c: value }, { requiredKeys: [] }), { minLength: 1, maxLength: 15 })
  .map((docs) => docs.map((doc, i) => ({ _id: new Int32(i), ...doc })))

const direction = fc.constantFrom(new Int32(1), new Int32(-1))
export const indexes = fc.array(
  fc.uniqueArray(fc.tuple(field, direction), { minLength: 1, maxLength: 2, selector: ([path]) => path.split('.')[0] }),
  { maxLength: 3 },
)

const comparison = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc
    .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), scalar)
    .map(([name, operand]) => ({ [name]: operand })),
  fc
    .tuple(fc.constantFrom('$in', '$nin'), fc.array(scalar, { maxLength: 3 }))
    .map(([name, list]) => ({ [name]: list })),
  fc.tuple(number, number).map(([low, high]) => ({ $gte: low, $lt: high })),
  fc.boolean().map((there) => ({ $exists: there })),
  fc.constantFrom('int', 'string', 'number', 'array', 'object', 'null', 'date').map((type) => ({ $type: type })),
  fc.nat(3).map((size) => ({ $size: new Int32(size) })),
  fc.array(scalar, { minLength: 1, maxLength: 2 }).map((all) => ({ $all: all })),
  scalar.map((operand) => ({ $elemMatch: { $gte: operand } })),
  scalar.map((operand) => ({ $not: { $lt: operand } })),
  fc.constantFrom('^a', 'b', '^$').map((pattern) => ({ $regex: pattern })),
)
const condition = fc.tuple(field, comparison).map(([path, test]): Document => ({ [path]: test }))
export const filter: fc.Arbitrary<Document> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: condition },
  { weight: 2, arbitrary: fc.tuple(condition, condition).map((both) => ({ $and: both })) },
  { weight: 2, arbitrary: fc.array(condition, { minLength: 1, maxLength: 3 }).map((some) => ({ $or: some })) },
  { weight: 1, arbitrary: condition.map((one) => ({ $nor: [one] })) },
)

/** Ends with _id, so that there is one order. */
const sort = fc.tuple(field, direction).map(([path, way]) => ({ [path]: way, _id: new Int32(1) }))
const projection = fc.oneof(
  fc.constant({}),
  field.map((path) => ({ [path]: new Int32(1) })),
  field.map((path) => ({ [path]: new Int32(0) })),
  field.map((path) => ({ [path]: new Int32(1), _id: new Int32(0) })),
)

const update: fc.Arbitrary<Document> = fc.oneof(
  fc.tuple(field, value).map(([path, to]) => ({ $set: { [path]: to } })),
  field.map((path) => ({ $unset: { [path]: '' } })),
  fc.tuple(fc.constantFrom('$inc', '$mul'), field, number).map(([name, path, by]) => ({ [name]: { [path]: by } })),
  fc.tuple(fc.constantFrom('$min', '$max'), field, scalar).map(([name, path, to]) => ({ [name]: { [path]: to } })),
  fc
    .tuple(fc.constantFrom('$push', '$addToSet'), topField, scalar)
    .map(([name, path, to]) => ({ [name]: { [path]: to } })),
  fc
    .tuple(topField, fc.array(scalar, { maxLength: 3 }))
    .map(([path, all]) => ({ $push: { [path]: { $each: all, $slice: new Int32(-3) } } })),
  fc.tuple(topField, scalar).map(([path, one]) => ({ $pull: { [path]: one } })),
  fc.tuple(topField, fc.constantFrom(new Int32(1), new Int32(-1))).map(([path, end]) => ({ $pop: { [path]: end } })),
  fc.tuple(topField, topField).map(([from, to]) => ({ $rename: { [from]: `${to}2` } })),
  fc.tuple(value, value).map(([a, b]) => ({ a, b })),
)

const stage: fc.Arbitrary<Document> = fc.oneof(
  filter.map(($match) => ({ $match })),
  sort.map(($sort) => ({ $sort })),
  topField.map((path) => ({ $unwind: `$${path}` })),
  fc.tuple(topField, topField).map(([path, of]) => ({ $set: { [path]: { $ifNull: [`$${of}`, 'none'] } } })),
  projection.filter((spec) => Object.keys(spec).length > 0).map(($project) => ({ $project })),
)
const group = fc
  .tuple(topField, topField)
  .map(([by, of]) => [
    { $group: { _id: `$${by}`, n: { $sum: new Int32(1) }, least: { $min: `$${of}` }, most: { $max: `$${of}` } } },
  ])

const read: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(filter, sort, projection, fc.nat(3), fc.nat(6)).map(([query, order, shown, skip, limit]) => ({
      ordered: true,
      command: (find: string) => ({ find, filter: query, sort: order, projection: shown, skip, limit }),
    })),
  },
  filter.map((query) => ({ ordered: true, command: (count: string) => ({ count, query }) })),
  fc
    .tuple(field, filter)
    .map(([key, query]) => ({ ordered: false, command: (distinct: string) => ({ distinct, key, query }) })),
  {
    weight: 2,
    arbitrary: fc.tuple(fc.array(stage, { maxLength: 3 }), fc.oneof(fc.constant([]), group)).map(([stages, last]) => ({
      ordered: false,
      command: (aggregate: string) => ({ aggregate, pipeline: [...stages, ...last], cursor: {} }),
    })),
  },
)
const write: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(filter, update, fc.boolean()).map(([q, u, multi]) => ({
    ordered: true,
    command: (name: string) => ({
      update: name,
      updates: [{ q, u, multi: multi && Object.keys(u)[0]?.startsWith('$') === true }],
    }),
  })),
  fc.tuple(fc.nat(15), update).map(([id, u]) => ({
    ordered: true,
    command: (name: string) => ({ findAndModify: name, query: { _id: new Int32(id) }, update: u, new: true }),
  })),
  fc.tuple(condition, condition).map((both) => ({
    ordered: true,
    command: (name: string) => ({ delete: name, deletes: [{ q: { $and: both }, limit: 0 }] }),
  })),
)

/** Reads, and a write now and then. */
export const operation = fc.oneof({ weight: 3, arbitrary: read }, { weight: 2, arbitrary: write })
