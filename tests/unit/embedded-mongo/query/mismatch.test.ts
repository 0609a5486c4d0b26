import { BSONRegExp, Int32 } from 'bson'
import { explainMismatch } from '../../../../src/embedded-mongo/query/mismatch'
import { validationOf } from '../../../../src/embedded-mongo/query/validation'

type Doc = Record<string, unknown>

const failed = (operator: string, specifiedAs: Doc, told: Doc): Doc => ({
  operatorName: operator,
  specifiedAs,
  ...told,
})

describe('why a document does not match', () => {
  const [three, five] = [new Int32(3), new Int32(5)]

  it.each<[string, Doc, Doc, Doc]>([
    ['$eq', { a: { $eq: five } }, { a: three }, { reason: 'comparison failed', consideredValue: three }],
    ['$eq', { a: five }, { a: three }, { reason: 'comparison failed', consideredValue: three }],
    ['$gt', { a: { $gt: five } }, {}, { reason: 'field was missing' }],
    [
      '$lt',
      { a: { $lt: three } },
      { a: [three, five] },
      { reason: 'comparison failed', consideredValues: [three, five] },
    ],
    ['$gte', { a: { $gte: three } }, { a: [] }, { reason: 'comparison failed', consideredValues: [] }],
    ['$lte', { 'a.b': { $lte: three } }, { a: [{ b: five }] }, { reason: 'comparison failed', consideredValue: five }],
    ['$ne', { a: { $ne: three } }, { a: three }, { reason: 'comparison succeeded', consideredValue: three }],
    [
      '$in',
      { a: { $in: [five] } },
      { a: three },
      { reason: 'no matching value found in array', consideredValue: three },
    ],
    [
      '$nin',
      { a: { $nin: [three] } },
      { a: three },
      { reason: 'matching value found in array', consideredValue: three },
    ],
    ['$exists', { a: { $exists: true } }, {}, { reason: 'path does not exist' }],
    ['$exists', { a: { $exists: false } }, { a: three }, { reason: 'path does exist' }],
    [
      '$type',
      { a: { $type: 'int' } },
      { a: 'x' },
      { reason: 'type did not match', consideredValue: 'x', consideredType: 'string' },
    ],
    [
      '$type',
      { a: { $type: 'int' } },
      { a: ['x', null] },
      { reason: 'type did not match', consideredValues: ['x', null], consideredTypes: ['null', 'string'] },
    ],
    [
      '$mod',
      { a: { $mod: [2, 0] } },
      { a: 'x' },
      {
        reason: 'type did not match',
        consideredType: 'string',
        expectedTypes: ['decimal', 'double', 'int', 'long'],
        consideredValue: 'x',
      },
    ],
    [
      '$mod',
      { a: { $mod: [2, 0] } },
      { a: ['x', three] },
      { reason: '$mod did not evaluate to expected remainder', consideredValues: ['x', three] },
    ],
    [
      '$regex',
      { a: { $regex: '^S', $options: 'i' } },
      { a: 'x' },
      { reason: 'regular expression did not match', consideredValue: 'x' },
    ],
    [
      '$regex',
      { a: new BSONRegExp('^S') },
      { a: 'x' },
      { reason: 'regular expression did not match', consideredValue: 'x' },
    ],
    [
      '$size',
      { a: { $size: 2 } },
      { a: [three] },
      { reason: 'array length was not equal to given size', consideredValue: [three] },
    ],
    [
      '$elemMatch',
      { a: { $elemMatch: { $gt: five } } },
      { a: three },
      { reason: 'type did not match', consideredType: 'int', expectedType: 'array', consideredValue: three },
    ],
    [
      '$all',
      { a: { $all: [three, five] } },
      { a: [three] },
      { reason: 'array did not contain all specified values', consideredValue: [three] },
    ],
    [
      '$bitsAllSet',
      { a: { $bitsAllSet: 4 } },
      { a: three },
      { reason: 'bitwise operator failed to match', consideredValue: three },
    ],
    [
      '$expr',
      { $expr: { $gt: ['$a', '$b'] } },
      { a: 1, b: 2 },
      { reason: 'expression did not match', expressionResult: false },
    ],
    ['$alwaysFalse', { $alwaysFalse: 1 }, {}, { reason: 'expression always evaluates to false' }],
  ])('%s %#', (operator, filter, doc, told) => {
    expect(explainMismatch(filter, doc)).toEqual(failed(operator, filter, told))
  })

  it('tells which of several conditions', () => {
    const a = failed('$lt', { a: { $lt: 10 } }, { reason: 'comparison failed', consideredValue: 11 })
    expect(explainMismatch({ b: 2, a: { $gt: 0, $lt: 10 } }, { a: 11, b: 2 })).toEqual({
      operatorName: '$and',
      clausesNotSatisfied: [{ index: 2, details: a }],
    })
    expect(explainMismatch({ $or: [{ a: { $lt: 10 } }] }, { a: 11 })).toEqual({
      operatorName: '$or',
      clausesNotSatisfied: [{ index: 0, details: a }],
    })
  })

  it('tells of a negation why what it denies is so', () => {
    const a = failed('$lt', { a: { $lt: 10 } }, { reason: 'comparison succeeded', consideredValue: 9 })
    expect(explainMismatch({ a: { $not: { $lt: 10 } } }, { a: 9 })).toEqual({ operatorName: '$not', details: a })
    expect(explainMismatch({ $nor: [{ a: 1 }, { a: { $lt: 10 } }] }, { a: 9 })).toEqual({
      operatorName: '$nor',
      clausesSatisfied: [{ index: 1, details: a }],
    })
    expect(explainMismatch({ $nor: [{ $jsonSchema: { title: 't' } }] }, {})).toEqual({
      operatorName: '$nor',
      clausesSatisfied: [{ index: 0, details: { operatorName: '$jsonSchema', title: 't', reason: 'schema matched' } }],
    })
  })

  it('tells of an expression that cannot be evaluated', () => {
    const filter = { $expr: { $divide: [10, 0] } }
    const validation = validationOf({ validator: filter })
    expect(validation?.isValid({})).toBe(false)
    expect(explainMismatch(filter, {})).toMatchObject({
      operatorName: '$expr',
      reason: 'failed to evaluate aggregation expression',
      details: { errmsg: expect.stringContaining('divide by zero') as unknown },
    })
  })

  it('is bounded, however often a large value would be told of', () => {
    const properties = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, { bsonType: 'int' }]))
    const large = 'x'.repeat(1_000_000)
    const doc = { _id: 1, ...Object.fromEntries(Object.keys(properties).map((name) => [name, large])) }
    const told = validationOf({ validator: { $jsonSchema: { properties } } })?.explain(doc)
    expect(told).toMatchObject({ failingDocumentId: 1, truncated: true })
    expect(JSON.stringify(told).length).toBeLessThan(100_000)
  })
})
