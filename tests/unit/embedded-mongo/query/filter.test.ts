import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId } from 'bson'
import * as fc from 'fast-check'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { compileCollation } from '../../../../src/embedded-mongo/bson/collation'
import { compileFilter } from '../../../../src/embedded-mongo/query/filter'
import { QUERY_DEPTH_MAX } from '../../../../src/embedded-mongo/query/limits'
import { anyNumber, anyValue } from '../support/arbitraries'

const int = (value: number): Int32 => new Int32(value)
const matches = (filter: Doc, doc: Doc): boolean => compileFilter(filter).matches(doc)

/** The names of the documents that match. */
function found(filter: Doc, docs: Readonly<Record<string, Doc>>): string[] {
  const compiled = compileFilter(filter)
  return Object.keys(docs).filter((name) => compiled.matches(docs[name] as Doc))
}

describe('equality', () => {
  test.each([int(5), Long.fromNumber(5), new Double(5), Decimal128.fromString('5.0')])(
    'a number of any type: %p',
    (value) => {
      for (const other of [int(5), Long.fromNumber(5), new Double(5), Decimal128.fromString('5')]) {
        expect(matches({ a: value }, { a: other })).toBe(true)
      }
      expect(matches({ a: value }, { a: int(6) })).toBe(false)
      expect(matches({ a: value }, { a: '5' })).toBe(false)
    },
  )

  test('longs beyond what a double can hold', () => {
    const filter = { a: Long.fromString('9007199254740993') }
    expect(matches(filter, { a: Long.fromString('9007199254740993') })).toBe(true)
    expect(matches(filter, { a: Long.fromString('9007199254740992') })).toBe(false)
    expect(matches(filter, { a: new Double(9007199254740992) })).toBe(false)
  })

  test('sub-documents compare whole, field order included', () => {
    expect(matches({ a: { x: int(1), y: int(2) } }, { a: { x: int(1), y: int(2) } })).toBe(true)
    expect(matches({ a: { x: int(1), y: int(2) } }, { a: { y: int(2), x: int(1) } })).toBe(false)
  })

  test('names that every object inherits are fields like others', () => {
    expect(matches({ constructor: null }, {})).toBe(true)
    expect(matches({ toString: { $exists: true } }, {})).toBe(false)
    expect(matches({ ['__proto__.x']: { $exists: true } }, {})).toBe(false)
    expect(matches({ constructor: 'a' }, { constructor: 'a' })).toBe(true)
  })

  test('an id, bytes, NaN', () => {
    const id = new ObjectId()
    expect(matches({ _id: id }, { _id: new ObjectId(id.toHexString()) })).toBe(true)
    expect(matches({ _id: id }, { _id: id.toHexString() })).toBe(false)
    expect(matches({ a: new Binary(Buffer.from('x')) }, { a: new Binary(Buffer.from('x')) })).toBe(true)
    expect(matches({ a: new Double(NaN) }, { a: Decimal128.fromString('NaN') })).toBe(true)
  })
})

describe('null', () => {
  // From MongoDB's own null_query_semantics test.
  const docs: Record<string, Doc> = {
    a_empty_subobject: { a: {} },
    a_null: { a: null },
    a_number: { a: int(4) },
    a_subobject_b_not_null: { a: { b: 'hi' } },
    a_subobject_b_null: { a: { b: null } },
    no_a: {},
    a_double_array: { a: [[]] },
    a_empty_array: { a: [] },
    a_object_array_no_b_nulls: { a: [{ b: int(1) }, { b: 'string' }] },
    a_object_array_some_b_missing: { a: [{ b: int(3) }, {}] },
    a_value_array_no_nulls: { a: [int(1), 'string'] },
    a_value_array_with_null: { a: [int(1), null] },
  }

  test('of a field', () => {
    expect(found({ a: null }, docs)).toEqual(['a_null', 'no_a', 'a_value_array_with_null'])
    expect(found({ a: { $in: [null, int(4)] } }, docs)).toEqual([
      'a_null',
      'a_number',
      'no_a',
      'a_value_array_with_null',
    ])
    expect(found({ a: { $exists: false } }, docs)).toEqual(['no_a'])
    expect(found({ a: { $gte: null } }, docs)).toEqual(found({ a: null }, docs))
    expect(found({ a: { $gt: null } }, docs)).toEqual([])
  })

  test('of a path', () => {
    const nulls = [
      'a_empty_subobject',
      'a_null',
      'a_number',
      'a_subobject_b_null',
      'no_a',
      'a_object_array_some_b_missing',
    ]
    expect(found({ 'a.b': null }, docs)).toEqual(nulls)
    expect(found({ 'a.b': { $ne: null } }, docs)).toEqual(Object.keys(docs).filter((name) => !nulls.includes(name)))
    expect(found({ 'a.b': { $exists: false } }, docs)).toEqual([
      'a_empty_subobject',
      'a_null',
      'a_number',
      'no_a',
      'a_double_array',
      'a_empty_array',
      'a_value_array_no_nulls',
      'a_value_array_with_null',
    ])
  })

  test('$elemMatch wants an array', () => {
    expect(found({ a: { $elemMatch: { $eq: null } } }, docs)).toEqual(['a_value_array_with_null'])
    expect(found({ a: { $elemMatch: { b: null } } }, docs)).toEqual(['a_double_array', 'a_object_array_some_b_missing'])
  })
})

describe('ranges', () => {
  test('stay within the type of their operand', () => {
    const docs = {
      int: { a: int(7) },
      text: { a: '7' },
      date: { a: new Date(7) },
      none: {},
      nan: { a: new Double(NaN) },
    }
    expect(found({ a: { $gt: int(5) } }, docs)).toEqual(['int'])
    expect(found({ a: { $lt: int(9) } }, docs)).toEqual(['int'])
    expect(found({ a: { $gte: '' } }, docs)).toEqual(['text'])
    expect(found({ a: { $lte: new Date(7) } }, docs)).toEqual(['date'])
    expect(found({ a: { $gte: new Double(NaN) } }, docs)).toEqual(['nan'])
    expect(found({ a: { $gt: new MinKey() } }, docs)).toEqual(['int', 'text', 'date', 'none', 'nan'])
    expect(found({ a: { $lt: new MaxKey() } }, docs)).toEqual(['int', 'text', 'date', 'none', 'nan'])
    expect(found({ a: { $gt: new MaxKey() } }, docs)).toEqual([])
  })

  test('strings are in the order of their code points', () => {
    expect(matches({ a: { $gt: '\uFFFD' } }, { a: '😀' })).toBe(true)
    expect(matches({ a: { $lt: '\uFFFD' } }, { a: '😀' })).toBe(false)
  })

  test('two elements of an array may fulfil two conditions, unless $elemMatch asks for one', () => {
    const doc = { a: [int(1), int(9)] }
    expect(matches({ a: { $gt: int(3), $lt: int(5) } }, doc)).toBe(true)
    expect(matches({ a: { $elemMatch: { $gt: int(3), $lt: int(5) } } }, doc)).toBe(false)
  })
})

describe('arrays', () => {
  test('an element, the whole, an element at an index', () => {
    const doc = { a: [int(1), [int(2)], { b: int(3) }], c: [[int(4), int(5)]] }
    expect(matches({ a: int(1) }, doc)).toBe(true)
    expect(matches({ a: [int(2)] }, doc)).toBe(true)
    expect(matches({ a: int(2) }, doc)).toBe(false)
    expect(matches({ 'a.b': int(3) }, doc)).toBe(true)
    expect(matches({ 'a.2.b': int(3) }, doc)).toBe(true)
    expect(matches({ 'a.0': int(1) }, doc)).toBe(true)
    expect(matches({ 'a.1': int(1) }, doc)).toBe(false)
    expect(matches({ 'c.0': [int(4), int(5)] }, doc)).toBe(true)
    // An index at the end of a path names one element: it does not look into it.
    expect(matches({ 'c.0': int(4) }, doc)).toBe(false)
    expect(matches({ 'c.0.1': int(5) }, doc)).toBe(true)
  })

  test('$size, $all, $in, $nin, $ne', () => {
    const doc = { a: [int(1), int(2)] }
    expect(matches({ a: { $size: int(2) } }, doc)).toBe(true)
    expect(matches({ a: { $size: int(1) } }, doc)).toBe(false)
    expect(matches({ a: { $all: [int(1), int(2)] } }, doc)).toBe(true)
    expect(matches({ a: { $all: [int(1), int(3)] } }, doc)).toBe(false)
    expect(matches({ a: { $all: [] } }, doc)).toBe(false)
    expect(matches({ a: { $in: [int(7), Long.fromNumber(2)] } }, doc)).toBe(true)
    expect(matches({ a: { $nin: [int(7), int(2)] } }, doc)).toBe(false)
    expect(matches({ a: { $ne: int(2) } }, doc)).toBe(false)
  })

  test('$elemMatch: one element fulfils all, nested conditions too', () => {
    const now = new Date(1_000)
    const filter = {
      grants: { $elemMatch: { role: 'ADMIN', $or: [{ expires_at: null }, { expires_at: { $gt: now } }] } },
    }
    expect(matches(filter, { grants: [{ role: 'CLIENT' }, { role: 'ADMIN', expires_at: null }] })).toBe(true)
    expect(matches(filter, { grants: [{ role: 'ADMIN', expires_at: new Date(2_000) }] })).toBe(true)
    expect(matches(filter, { grants: [{ role: 'ADMIN', expires_at: new Date(5) }, { role: 'CLIENT' }] })).toBe(false)
    expect(matches(filter, { grants: { role: 'ADMIN' } })).toBe(false)
  })

  test('an $all of many values is as many conditions', () => {
    const someValues = fc.array(anyValue, { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(someValues, fc.array(fc.nat(29), { maxLength: 40 }), anyValue, (values, chosen, other) => {
        const wanted = [...chosen.map((i) => values[i % values.length]), ...values.slice(0, 1)]
        const conditions = { $and: wanted.map((value) => ({ a: value })) }
        const all = { a: { $all: Array.from({ length: 21 }, (_, i) => wanted[i % wanted.length]).concat(wanted) } }
        for (const a of [values, other, [...values].reverse(), [...values, other], values[0]]) {
          const [trace, expected] = [{ arrayIndex: undefined }, { arrayIndex: undefined }]
          const is = compileFilter(conditions).matchesWithTrace({ a }, expected)
          expect(compileFilter(all).matchesWithTrace({ a }, trace)).toBe(is)
          if (is) expect(trace).toEqual(expected)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('$in is one of as many conditions', () => {
    const someValues = fc.array(fc.oneof(anyNumber, anyValue), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(someValues, fc.oneof(anyNumber, anyValue), (values, other) => {
        const listed = values.filter((value) => !(value instanceof BSONRegExp))
        const one = { $or: [{ a: { $in: [] } }, ...listed.map((value) => ({ a: value }))] }
        for (const a of [other, ...values]) {
          expect(matches({ a: { $in: listed } }, { a })).toBe(matches(one, { a }))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('$all with $elemMatch', () => {
    const filter = { a: { $all: [{ $elemMatch: { x: int(1) } }, { $elemMatch: { x: int(2) } }] } }
    expect(matches(filter, { a: [{ x: int(1) }, { x: int(2) }] })).toBe(true)
    expect(matches(filter, { a: [{ x: int(1) }] })).toBe(false)
  })
})

describe('the place of a match', () => {
  test.each<[Doc, Doc, number | undefined]>([
    [{ a: int(5) }, { a: [int(4), int(5)] }, 1],
    [{ 'a.b': int(5) }, { a: [{ b: int(1) }, { b: [int(1), int(5)] }] }, 1],
    [{ a: { $elemMatch: { b: int(5) } } }, { a: [{}, {}, { b: int(5) }] }, 2],
    [{ 'a.b': int(5) }, { a: { b: [int(3), int(4), int(5)] } }, 2],
    [{ x: int(1), a: int(5) }, { x: int(1), a: [int(5)] }, 0],
    [{ $or: [{ a: int(9) }, { a: int(5) }] }, { a: [int(1), int(5)] }, 1],
    [{ x: int(1) }, { x: int(1), a: [int(5)] }, undefined],
    [{ a: { $ne: int(5) } }, { a: [int(1)] }, undefined],
  ])('%j in %j', (filter, doc, index) => {
    const trace = { arrayIndex: 99 as number | undefined }
    expect(compileFilter(filter).matchesWithTrace(doc, trace)).toBe(true)
    expect(trace.arrayIndex).toBe(index)
  })
})

describe('other operators', () => {
  test('$type knows names, numbers, and number for all of them', () => {
    expect(matches({ a: { $type: 'int' } }, { a: int(1) })).toBe(true)
    expect(matches({ a: { $type: 'double' } }, { a: int(1) })).toBe(false)
    expect(matches({ a: { $type: 'number' } }, { a: Decimal128.fromString('1') })).toBe(true)
    expect(matches({ a: { $type: [int(2), 'null'] } }, { a: 'x' })).toBe(true)
    expect(matches({ a: { $type: 'array' } }, { a: [] })).toBe(true)
    expect(matches({ a: { $type: 'null' } }, {})).toBe(false)
    expect(matches({ a: { $type: 'string' } }, { a: [int(1), 'x'] })).toBe(true)
  })

  test('$mod cuts towards zero', () => {
    expect(matches({ a: { $mod: [int(4), int(3)] } }, { a: int(7) })).toBe(true)
    expect(matches({ a: { $mod: [int(4), int(-3)] } }, { a: new Double(-7.9) })).toBe(true)
    expect(matches({ a: { $mod: [int(2), int(1)] } }, { a: Long.fromString('9007199254740993') })).toBe(true)
    expect(matches({ a: { $mod: [int(2), int(0)] } }, { a: 'x' })).toBe(false)
  })

  test('bits, of numbers, positions and bytes', () => {
    expect(matches({ a: { $bitsAllSet: int(6) } }, { a: int(7) })).toBe(true)
    expect(matches({ a: { $bitsAllSet: [int(0), int(63)] } }, { a: int(-1) })).toBe(true)
    expect(matches({ a: { $bitsAnyClear: [int(1)] } }, { a: int(2) })).toBe(false)
    expect(matches({ a: { $bitsAllClear: int(1) } }, { a: Long.fromNumber(2) })).toBe(true)
    expect(matches({ a: { $bitsAnySet: int(1) } }, { a: new Binary(Buffer.from([1])) })).toBe(true)
    expect(matches({ a: { $bitsAnySet: int(1) } }, { a: new Double(1.5) })).toBe(false)
  })

  test('regular expressions: of strings, with options, in lists, and equal to themselves', () => {
    expect(matches({ a: new BSONRegExp('^b', 'i') }, { a: 'Bob' })).toBe(true)
    expect(matches({ a: { $regex: 'B.b', $options: 's' } }, { a: 'B\nb' })).toBe(true)
    expect(matches({ a: { $regex: 'a b # c', $options: 'x' } }, { a: 'xab' })).toBe(true)
    expect(matches({ a: { $regex: '(?i)ab' } }, { a: 'AB' })).toBe(true)
    expect(matches({ a: { $regex: '\\Aab\\z' } }, { a: 'ab' })).toBe(true)
    expect(matches({ a: { $regex: '^.$' } }, { a: '😀' })).toBe(true)
    expect(matches({ a: { $regex: 'a\\-b' } }, { a: 'a-b' })).toBe(true)
    expect(matches({ a: { $in: ['x', new BSONRegExp('^b')] } }, { a: ['c', 'bc'] })).toBe(true)
    expect(matches({ a: new BSONRegExp('^b') }, { a: new BSONRegExp('^b') })).toBe(true)
    expect(matches({ a: new BSONRegExp('5') }, { a: int(5) })).toBe(false)
    expect(matches({ a: { $not: new BSONRegExp('^b') } }, { a: 'c' })).toBe(true)
  })

  test('$and, $or, $nor, $not', () => {
    expect(matches({ $or: [{ a: int(1) }, { b: int(2) }] }, { b: int(2) })).toBe(true)
    expect(matches({ $nor: [{ a: int(1) }, { b: int(2) }] }, { b: int(2) })).toBe(false)
    expect(matches({ $and: [{ a: int(1) }, { b: int(2) }] }, { a: int(1), b: int(2) })).toBe(true)
    expect(matches({ a: { $not: { $gt: int(3) } } }, {})).toBe(true)
    expect(matches({ a: { $not: { $gt: int(3) } } }, { a: [int(1), int(4)] })).toBe(false)
  })

  test('$expr compares fields with each other and with the variables of the command', () => {
    const filter = compileFilter({ $expr: { $gt: ['$a', '$b'] } })
    expect(filter.matches({ a: int(2), b: int(1) })).toBe(true)
    expect(filter.matches({ a: int(1), b: int(2) })).toBe(false)
    const named = compileFilter({ $or: [{ $expr: { $eq: ['$a', '$$wanted'] } }] }, { variables: { wanted: 'x' } })
    expect(named.matches({ a: 'x' })).toBe(true)
    expect(named.matches({ a: 'y' })).toBe(false)
  })

  test('an empty filter matches everything', () => {
    expect(compileFilter({}).isEmpty).toBe(true)
    expect(compileFilter({ a: int(1) }).isEmpty).toBe(false)
    expect(matches({}, {})).toBe(true)
    expect(matches({ $comment: 'why' }, {})).toBe(true)
  })

  test('a collation says which strings are equal, and their order', () => {
    const collation = compileCollation({ locale: 'en', strength: int(2) })
    const filter = (spec: Doc) => compileFilter(spec, { collation })
    expect(filter({ a: 'BOB' }).matches({ a: 'bob' })).toBe(true)
    expect(filter({ a: { $in: ['x', 'BOB'] } }).matches({ a: ['bob'] })).toBe(true)
    expect(filter({ a: { x: 'BOB' } }).matches({ a: { x: 'bob' } })).toBe(true)
    expect(filter({ a: { $lt: 'C' } }).matches({ a: 'b' })).toBe(true)
    expect(filter({ a: 'é' }).matches({ a: 'e' })).toBe(false)
    expect(compileCollation({ locale: 'simple' })).toBeUndefined()
    expect(() => compileCollation({ locale: 'not a locale' })).toThrow("Field 'locale' is invalid")
    expect(() => compileCollation({})).toThrow("Field 'locale' is required")
    expect(() => compileCollation({ locale: 'en', strength: int(9) })).toThrow('strength 9')
  })
})

describe('what is refused', () => {
  test.each<[Doc, number, string]>([
    [{ $foo: int(1) }, 2, 'unknown top level operator: $foo'],
    [{ a: { $foo: int(1) } }, 2, 'unknown operator: $foo'],
    [{ a: { $gt: int(1), b: int(2) } }, 2, 'unknown operator: b'],
    [{ a: { $toString: int(1) } }, 2, 'unknown operator: $toString'],
    [{ $or: [] }, 2, '$and/$or/$nor must be a nonempty array'],
    [{ $or: { a: int(1) } }, 2, '$or must be an array'],
    [{ $and: [int(1)] }, 2, '$or/$and/$nor entries need to be full objects'],
    [{ a: { $in: int(1) } }, 2, '$in needs an array'],
    [{ a: { $in: [{ $gt: int(1) }] } }, 2, 'cannot nest $ under $in'],
    [{ a: { $not: int(1) } }, 2, '$not needs a regex or a document'],
    [{ a: { $not: {} } }, 2, '$not cannot be empty'],
    [{ a: { $ne: new BSONRegExp('a') } }, 2, "Can't have regex as arg to $ne."],
    [{ a: { $regex: int(1) } }, 2, '$regex has to be a string'],
    [{ a: { $options: 'i' } }, 2, '$options needs a $regex'],
    [{ a: { $regex: '(' } }, 51091, 'Regular expression is invalid'],
    [{ a: { $regex: 'a', $options: 'g' } }, 51108, 'invalid flag in regex options: g'],
    [{ a: { $elemMatch: int(1) } }, 2, '$elemMatch needs an Object'],
    [{ a: { $all: int(1) } }, 2, '$all needs an array'],
    [{ a: { $size: int(-1) } }, 9, 'Expected a non-negative number'],
    [{ a: { $size: 'x' } }, 9, 'Expected a number'],
    [{ a: { $type: 'nope' } }, 2, 'Unknown type name alias: nope'],
    [{ a: { $type: int(77) } }, 2, 'Invalid numerical type code: 77'],
    [{ a: { $mod: [int(0), int(1)] } }, 2, 'divisor cannot be 0'],
    [{ a: { $mod: [int(2)] } }, 2, 'not enough elements'],
    [{ a: { $bitsAllSet: int(-1) } }, 9, 'Expected a non-negative number'],
    [{ $where: 'true' }, 238, '$where is not supported'],
  ])('%j', (filter, code, message) => {
    expect(() => compileFilter(filter)).toThrow(expect.objectContaining({ code }))
    expect(() => compileFilter(filter)).toThrow(message)
  })

  test('nesting beyond the bound, without overflowing the stack', () => {
    const nested = (levels: number): Doc => {
      let filter: Doc = { a: int(1) }
      for (let i = 0; i < levels; i++) filter = { $and: [filter] }
      return filter
    }
    expect(matches(nested(QUERY_DEPTH_MAX), { a: int(1) })).toBe(true)
    expect(() => compileFilter(nested(20_000))).toThrow(expect.objectContaining({ code: 2, codeName: 'BadValue' }))
    let not: Doc = { $gt: int(1) }
    for (let i = 0; i < 20_000; i++) not = { $not: not }
    expect(() => compileFilter({ a: not })).toThrow(expect.objectContaining({ code: 2 }))
  })
})
