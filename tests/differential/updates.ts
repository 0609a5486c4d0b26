import { Int32 } from 'bson'
import * as fc from 'fast-check'
import type { Document } from 'mongodb'
import { expression } from './expressions'
import { comparison, elementCondition, elementOf } from './filters'
import { PLAIN, direction, field, int, number, scalar, topField, value } from './values'

const each = fc.array(scalar, { maxLength: 3 })
const one = (name: string, path: string, to: unknown): Document => ({ [name]: { [path]: to } })

const elements = fc.array(fc.record({ x: scalar, y: scalar }, { noNullPrototype: true }), { maxLength: 2 })
const place = fc.record(
  {
    $position: fc.integer({ min: -2, max: 2 }).map((n) => new Int32(n)),
    $slice: fc.integer({ min: -3, max: 3 }).map((n) => new Int32(n)),
  },
  PLAIN,
)
const pushed: fc.Arbitrary<Document> = fc.oneof(
  fc.tuple(each, place, direction).map(([$each, where, $sort]) => ({ $each, ...where, $sort })),
  fc.tuple(fc.oneof(each, elements), place).map(([$each, where]) => ({ $each, ...where })),
)

/** An update of one operator on one path. */
const operator: fc.Arbitrary<Document> = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(field, value).map(([path, to]) => one('$set', path, to)) },
  field.map((path) => one('$unset', path, '')),
  fc.tuple(fc.constantFrom('$inc', '$mul'), field, number).map(([name, path, by]) => one(name, path, by)),
  fc.tuple(fc.constantFrom('$min', '$max'), field, scalar).map(([name, path, to]) => one(name, path, to)),
  fc.tuple(fc.constantFrom('$push', '$addToSet'), field, scalar).map(([name, path, to]) => one(name, path, to)),
  fc.tuple(field, pushed).map(([path, to]) => one('$push', path, to)),
  fc.tuple(field, each).map(([path, all]) => one('$addToSet', path, { $each: all })),
  fc.tuple(topField, fc.oneof(scalar, comparison, elementCondition)).map(([path, to]) => one('$pull', path, to)),
  fc.tuple(topField, each).map(([path, all]) => one('$pullAll', path, all)),
  fc.tuple(topField, direction).map(([path, end]) => one('$pop', path, end)),
  fc
    .tuple(fc.constantFrom('a', 'b.y', 's'), fc.constantFrom('a2', 'c', 'd.e'))
    .map(([from, to]) => one('$rename', from, to)),
)
const NO_DOCUMENT = { $elemMatch: { $not: { $type: 'object' } } }
const everyElement = fc.constantFrom('a', 'b', 'c').chain((array) => {
  const path = fc.constantFrom(`${array}.$[]`, `${array}.$[].x`, `${array}.0`, `${array}.1.x`)
  return fc
    .oneof(
      fc.tuple(path, scalar).map(([at, to]) => one('$set', at, to)),
      fc.tuple(path, number).map(([at, by]) => one('$inc', at, by)),
      path.map((at) => one('$unset', at, '')),
    )
    .map((u): Statement => ({ u, wants: { [array]: { $type: 'array' }, $nor: [{ [array]: NO_DOCUMENT }] } }))
})
const several = fc.uniqueArray(topField, { minLength: 2, maxLength: 2 }).chain(([p = 'a', q = 'b']) =>
  fc.tuple(value, number, scalar).map(([to, by, max]): Document => ({
    $set: { [p]: to },
    $inc: { m: by },
    $unset: { [q]: '' },
    $max: { n: max },
  })),
)
const bits = fc.tuple(topField, fc.constantFrom('and', 'or', 'xor'), int).map(([path, operation, by]): Statement => ({
  u: one('$bit', path, { [operation]: by }),
  wants: { $and: [{ [path]: { $type: 'int' } }, { [path]: { $not: { $type: 'array' } } }] },
}))
const replacement = fc.tuple(value, value).map(([a, b]): Document => ({ a, b }))
const stage: fc.Arbitrary<Document> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('a', 'b', 'd.x'), expression).map(([path, to]) => ({ $set: { [path]: to } })),
  },
  field.map((path) => ({ $unset: path })),
  fc.tuple(topField, topField).map(([from, to]) => ({ $set: { [to]: `$${from}` } })),
  fc.constant({ $replaceWith: { $mergeObjects: ['$$ROOT', { n: { $type: '$a' } }] } }),
)
const pipeline = fc.array(stage, { minLength: 1, maxLength: 2 })

/** An update with what else its statement needs. */
export interface Statement {
  readonly u: Document | readonly Document[]
  readonly arrayFilters?: readonly Document[]
  /** It fails, or is nowhere described, for documents that do not match this. */
  readonly wants?: Document
  /** It cannot be done to many documents at once. */
  readonly single?: boolean
}

const filtered = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean(), comparison, scalar)
  .map(([path, below, test, to]): Statement => {
    const [target, name] = below ? [`${path}.$[e].x`, 'e.x'] : [`${path}.$[e]`, 'e']
    const picks = below ? { [name]: to } : { [name]: test }
    return { u: one('$set', target, below ? 'new' : to), arrayFilters: [picks], wants: { [path]: { $type: 'array' } } }
  })

export const update: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 14, arbitrary: operator.map((u) => ({ u })) },
  { weight: 3, arbitrary: everyElement },
  { weight: 2, arbitrary: several.map((u) => ({ u })) },
  { weight: 2, arbitrary: filtered },
  { weight: 1, arbitrary: bits },
  { weight: 1, arbitrary: replacement.map((u) => ({ u, single: true })) },
  { weight: 3, arbitrary: pipeline.map((u) => ({ u })) },
)

/** What `$` stands for comes of the filter. */
export const positional = fc.constantFrom('a', 'b', 'c').chain((path) =>
  fc.oneof(
    fc.tuple(elementOf(path), scalar).map(([q, to]) => ({ q, u: one('$set', `${path}.$`, to) })),
    fc.tuple(elementCondition, scalar).map(([$elemMatch, to]) => ({
      q: { [path]: { $elemMatch } },
      u: one('$set', `${path}.$.x`, to),
    })),
  ),
)
