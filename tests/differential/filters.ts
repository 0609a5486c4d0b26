import { Int32 } from 'bson'
import * as fc from 'fast-check'
import type { Document } from 'mongodb'
import { direction, number, queried, scalar, sorted, topField } from './values'

const list = fc.array(scalar, { maxLength: 3 })
const pattern = fc.constantFrom('^a', 'b', '^$', '^(?:a|B)')
export const comparison: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc
    .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), scalar)
    .map(([name, operand]) => ({ [name]: operand })),
  fc.tuple(fc.constantFrom('$in', '$nin'), list).map(([name, values]) => ({ [name]: values })),
  fc.tuple(number, number).map(([low, high]) => ({ $gte: low, $lt: high })),
  fc.boolean().map((there) => ({ $exists: there })),
  fc.constantFrom('int', 'string', 'number', 'array', 'object', 'null', 'date').map((type) => ({ $type: type })),
  fc.nat(3).map((size) => ({ $size: new Int32(size) })),
  fc.array(scalar, { minLength: 1, maxLength: 2 }).map((all) => ({ $all: all })),
  scalar.map((operand) => ({ $elemMatch: { $gte: operand } })),
  scalar.map((operand) => ({ $not: { $lt: operand } })),
  fc.tuple(pattern, fc.constantFrom('', 'i')).map(([$regex, $options]) => ({ $regex, $options })),
  fc
    .tuple(fc.constantFrom('$bitsAllSet', '$bitsAnySet', '$bitsAllClear', '$bitsAnyClear'), fc.nat(5))
    .map(([name, mask]) => ({ [name]: new Int32(mask) })),
)
export const condition = fc.tuple(queried, comparison).map(([path, test]): Document => ({ [path]: test }))
const remainder = fc
  .tuple(fc.constantFrom(2, 3), fc.nat(2))
  .map((both): Document => ({ s: { $mod: both.map((n) => new Int32(n)) } }))
export const elementCondition = fc
  .tuple(fc.constantFrom('x', 'y'), scalar, fc.constantFrom('$eq', '$gt', '$lte', '$ne'))
  .map(([name, operand, op]): Document => ({ [name]: { [op]: operand } }))
/** Finds something in an array: what `$` then stands for. */
export const elementOf = (path: string): fc.Arbitrary<Document> =>
  fc
    .oneof(
      elementCondition,
      fc.tuple(fc.constantFrom('$gte', '$lt', '$eq'), scalar).map(([op, to]): Document => ({ [op]: to })),
    )
    .map(($elemMatch) => ({ [path]: { $elemMatch } }))
const inElement = fc.tuple(fc.constantFrom('a', 'b'), elementCondition).map(([path, $elemMatch]) => ({
  [path]: { $elemMatch },
}))
const expression = fc
  .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), topField, fc.oneof(topField, scalar))
  .map(([op, path, other]) => ({ $expr: { [op]: [`$${path}`, operandOf(other)] } }))

function operandOf(other: unknown): unknown {
  return other === 'a' || other === 'b' || other === 'c' ? `$${other}` : { $literal: other }
}

export const filter: fc.Arbitrary<Document> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 6, arbitrary: condition },
  { weight: 3, arbitrary: fc.tuple(condition, condition).map((both) => ({ $and: both })) },
  { weight: 3, arbitrary: fc.array(condition, { minLength: 1, maxLength: 3 }).map((some) => ({ $or: some })) },
  { weight: 1, arbitrary: condition.map((one) => ({ $nor: [one] })) },
  { weight: 2, arbitrary: inElement },
  { weight: 1, arbitrary: remainder },
  { weight: 1, arbitrary: expression },
)

/** Ends with _id, so that there is one order. */
export const sort = fc
  .tuple(sorted, direction, fc.constantFrom(undefined, 's'), direction, direction)
  .map(([path, way, next, its, last]): Document => ({ [path]: way, ...(next && { [next]: its }), _id: last }))
