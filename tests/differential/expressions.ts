import * as fc from 'fast-check'
import { scalar, text, topField } from './values'

type Expression = fc.Arbitrary<unknown>

const literal = scalar.map((operand) => ({ $literal: operand }))
const any: Expression = fc.oneof({ weight: 3, arbitrary: topField.map((path) => `$${path}`) }, literal)

/** A field where it is of a kind, else something else: errors end a pipeline, and tell little. */
const numeric: Expression = fc.oneof(
  topField.map((path) => ({ $cond: [{ $isNumber: `$${path}` }, `$${path}`, 2] })),
  fc.integer({ min: -2, max: 5 }),
)
const list: Expression = fc.oneof(
  topField.map((path) => ({ $cond: [{ $isArray: [`$${path}`] }, `$${path}`, [1, 'a', null]] })),
  fc.array(fc.oneof(fc.constantFrom('$a', '$s'), fc.nat(3)), { maxLength: 3 }),
)
const string: Expression = fc.oneof(
  topField.map((path) => ({ $cond: [{ $eq: [{ $type: `$${path}` }, 'string'] }, `$${path}`, 'xYz'] })),
  text.map(($literal) => ({ $literal })),
)
const date: Expression = topField.map((path) => {
  return { $cond: [{ $eq: [{ $type: `$${path}` }, 'date'] }, `$${path}`, new Date(86_400_000)] }
})

const named = (names: readonly string[], operand: Expression): Expression =>
  fc.tuple(fc.constantFrom(...names), operand).map(([name, of]) => ({ [name]: of }))
const two = (names: readonly string[], a: Expression, b = a): Expression => named(names, fc.tuple(a, b))

const arithmetic = fc.oneof(
  two(['$add', '$subtract', '$multiply', '$divide', '$mod'], numeric),
  named(['$abs', '$ceil', '$floor', '$trunc', '$sqrt'], fc.constantFrom('$n', 4, 2.5, 0)),
  two(['$round', '$trunc'], numeric, fc.constantFrom(0, 1)),
)
const logic = fc.oneof(
  two(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$cmp'], any),
  two(['$and', '$or'], any),
  fc.tuple(any).map(([of]) => ({ $not: [of] })),
  fc.tuple(any, any, any).map(($cond) => ({ $cond })),
  two(['$ifNull'], any),
  fc.tuple(any, any, any).map(([a, b, c]) => ({
    $switch: { branches: [{ case: { $eq: [a, b] }, then: c }], default: 'other' },
  })),
)
const arrays = fc.oneof(
  two(['$concatArrays', '$setIntersection', '$setDifference', '$setEquals', '$setIsSubset'], list),
  two(['$arrayElemAt'], list, fc.integer({ min: -2, max: 3 })),
  two(['$slice'], list, fc.constantFrom(-2, 1, 2)),
  two(['$in'], any, list),
  two(['$indexOfArray'], list, any),
  named(['$size', '$reverseArray', '$max', '$min', '$sum', '$avg'], list),
  fc.tuple(list, any).map(([input, to]) => ({ $filter: { input, as: 'e', cond: { $gte: ['$$e', to] } } })),
  list.map((input) => ({ $map: { input, as: 'e', in: { of: '$$e', type: { $type: '$$e' } } } })),
  list.map((input) => ({ $reduce: { input, initialValue: 0, in: { $add: ['$$value', 1] } } })),
  fc.tuple(list, list).map((inputs) => ({ $zip: { inputs } })),
  list.map((input) => ({ $sortArray: { input, sortBy: 1 } })),
  fc.constant({ $range: [0, 6, 2] }),
)
const strings = fc.oneof(
  two(['$concat'], string),
  named(['$toUpper', '$toLower', '$strLenCP', '$strLenBytes'], string),
  two(['$indexOfCP', '$split', '$strcasecmp'], string, fc.constantFrom('Y', 'b', 'a')),
  fc.tuple(string, fc.nat(2), fc.nat(2)).map(($substrCP) => ({ $substrCP })),
  string.map((input) => ({ $trim: { input, chars: 'ax' } })),
  string.map((input) => ({ $regexMatch: { input, regex: '^[aB]' } })),
  string.map((input) => ({ $replaceAll: { input, find: 'b', replacement: '-' } })),
)
const others = fc.oneof(
  named(
    ['$type', '$isArray', '$isNumber', '$toBool'],
    any.map((of) => [of]),
  ),
  named(['$year', '$month', '$dayOfMonth', '$dayOfWeek', '$hour', '$toLong'], date),
  date.map((of) => ({ $dateToString: { date: of, format: '%Y-%m-%dT%H:%M:%S' } })),
  date.map((startDate) => ({ $dateAdd: { startDate, unit: 'day', amount: 3 } })),
  named(['$toString', '$toInt', '$toDouble', '$toDecimal'], numeric),
  fc.tuple(any, fc.constantFrom('int', 'string', 'double', 'bool')).map(([input, to]) => ({
    $convert: { input, to, onError: 'bad', onNull: 'nothing' },
  })),
  fc.constantFrom({ $mergeObjects: [{ k: 1 }, { $cond: [{ $eq: [{ $type: '$a' }, 'object'] }, '$a', {}] }] }),
  fc.tuple(any, any).map(([x, y]) => ({ $let: { vars: { x, y }, in: { $cmp: ['$$x', '$$y'] } } })),
  fc.constant({ $arrayToObject: { $objectToArray: { k: '$a', l: '$b' } } }),
  fc.constant({ $objectToArray: { k: '$a', l: '$b' } }),
)

export const expression: Expression = fc.oneof(
  { weight: 1, arbitrary: any },
  { weight: 2, arbitrary: arithmetic },
  { weight: 3, arbitrary: logic },
  { weight: 4, arbitrary: arrays },
  { weight: 2, arbitrary: strings },
  { weight: 3, arbitrary: others },
)
