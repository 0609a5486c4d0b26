import { Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson'
import { readDoc, writeDoc } from '../../../../src/embedded-mongo/bson/doc'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { CommandError } from '../../../../src/embedded-mongo/bson/errors'
import { compileFilter } from '../../../../src/embedded-mongo/query/filter'
import { ARRAY_PADDING_MAX } from '../../../../src/embedded-mongo/query/limits'
import type { MatchTrace } from '../../../../src/embedded-mongo/query/path'
import { compileUpdate, upsertBase } from '../../../../src/embedded-mongo/query/update'
import type { UpdateContext, UpdateOptions } from '../../../../src/embedded-mongo/query/update'

const NOW = new Date('2024-05-06T07:08:09.123Z')
const long = (value: string | number): Long => Long.fromString(String(value))
const decimal = (value: string): Decimal128 => Decimal128.fromString(value)

/** As the server reads it: whole JavaScript numbers become ints, others doubles. */
const stored = (doc: Doc): Doc => readDoc(writeDoc(doc))

interface Options extends UpdateOptions, Partial<UpdateContext> {}

function update(doc: Doc, spec: Doc | readonly Doc[], options: Options = {}): Doc {
  const read = Array.isArray(spec) ? spec.map(stored) : stored(spec as Doc)
  const context = { isInsert: false, now: NOW, ...options }
  const arrayFilters = options.arrayFilters?.map(stored)
  return compileUpdate(read, { ...options, arrayFilters }).apply(stored(doc), context)
}

/** The code of the error that the update ends with, wherever it is found. */
function errorOf(run: () => unknown): number | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof CommandError) return error.code
    throw error
  }
  return undefined
}

describe('$set and $unset', () => {
  test.each<[string, Doc, Doc, Doc]>([
    ['an existing field keeps its place', { a: 1, b: 2 }, { $set: { a: 9 } }, { a: 9, b: 2 }],
    ['documents on the way are made', { a: 1 }, { $set: { 'b.c.d': 1 } }, { a: 1, b: { c: { d: 1 } } }],
    [
      'new fields come in the order of their names',
      {},
      { $set: { z: 1, b: 2, 'c.y': 1, 'c.x': 2 } },
      { b: 2, c: { x: 2, y: 1 }, z: 1 },
    ],
    ['numbers are ordered as numbers', {}, { $set: { 'a.x10': 1, 'a.x2': 1 } }, { a: { x10: 1, x2: 1 } }],
    ['an array is padded with nulls', { a: [1] }, { $set: { 'a.3': 4 } }, { a: [1, null, null, 4] }],
    ['a number in a missing path is a name', {}, { $set: { 'a.0': 1 } }, { a: { 0: 1 } }],
    ['an element is taken away by null', { a: [1, 2] }, { $unset: { 'a.0': '' } }, { a: [null, 2] }],
    ['a field is taken away', { a: { b: 1, c: 2 } }, { $unset: { 'a.b': '' } }, { a: { c: 2 } }],
    ['$unset of nothing makes nothing', { b: 1 }, { $unset: { 'a.c': '' } }, { b: 1 }],
    ['$unset through a scalar is nothing', { a: 1 }, { $unset: { 'a.c': '' } }, { a: 1 }],
    ['an empty operator is nothing', { a: 1 }, { $set: {} }, { a: 1 }],
  ])('%s', (_name, doc, spec, expected) => {
    expect(update(doc, spec)).toStrictEqual(stored(expected))
    expect(Object.keys(update(doc, spec))).toStrictEqual(Object.keys(expected))
  })

  test('a field named __proto__ is a field', () => {
    const spec = { $set: JSON.parse('{"__proto__": "x", "constructor": "y"}') as Doc }
    const result = compileUpdate(spec).apply({ _id: 1 }, { isInsert: false, now: NOW })
    expect(Object.entries(result)).toStrictEqual([
      ['_id', 1],
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
  })

  test('nothing is mutated, and what does not change is shared', () => {
    const doc = stored({ a: { b: 1 }, c: { d: [1] } })
    const before = writeDoc(doc)
    const result = compileUpdate(stored({ $set: { 'a.b': 2 } })).apply(doc, { isInsert: false, now: NOW })
    expect(writeDoc(doc)).toStrictEqual(before)
    expect(result['c']).toBe(doc['c'])
  })

  test('the same value in the same type is no change; in another type it is one', () => {
    const doc = stored({ a: 1, b: { x: 1, y: 2 } })
    const apply = (spec: Doc): Doc => compileUpdate(spec).apply(doc, { isInsert: false, now: NOW })
    expect(apply({ $set: { a: new Int32(1), 'b.y': new Int32(2) } })).toBe(doc)
    expect(apply({ $set: { a: long(1) } })).toStrictEqual({ ...doc, a: long(1) })
    expect(apply({ $set: { b: { y: new Int32(2), x: new Int32(1) } } })).not.toBe(doc)
    expect(apply({ $inc: { a: new Int32(0) }, $pull: { missing: 1 }, $unset: { gone: 1 } })).toBe(doc)
  })
})

describe('arithmetic keeps MongoDB types', () => {
  test.each<[string, unknown, unknown, unknown]>([
    ['int and int', new Int32(1), new Int32(2), new Int32(3)],
    ['int beyond 32 bits', new Int32(2147483647), new Int32(1), long(2147483648)],
    ['int and long', new Int32(1), long(2), long(3)],
    ['long and long, beyond a double', long('9007199254740993'), long(1), long('9007199254740994')],
    ['int and double', new Int32(1), new Double(1.5), new Double(2.5)],
    ['double that is whole', new Double(1), new Int32(1), new Double(2)],
    ['decimal', decimal('1.50'), new Int32(1), decimal('2.50')],
    ['double in a decimal: 15 digits', decimal('1'), new Double(0.1), decimal('1.100000000000000')],
    ['decimal infinity', decimal('Infinity'), new Int32(1), decimal('Infinity')],
    ['missing', undefined, long(5), long(5)],
  ])('$inc: %s', (_name, before, step, expected) => {
    const doc = before === undefined ? {} : { a: before }
    expect(compileUpdate({ $inc: { a: step } }).apply(doc, { isInsert: false, now: NOW })).toStrictEqual({
      a: expected,
    })
  })

  test.each<[string, unknown, unknown, unknown]>([
    ['int and int', new Int32(3), new Int32(-2), new Int32(-6)],
    ['int beyond 32 bits', new Int32(65536), new Int32(65536), long('4294967296')],
    ['decimal', decimal('1.1'), decimal('1.1'), decimal('1.21')],
    [
      'rounds half to even at 34 digits',
      decimal('1000000000000000000000000000000005'),
      decimal('1.1'),
      decimal('1100000000000000000000000000000006'),
    ],
    ['missing is a zero of the type', undefined, new Double(3), new Double(0)],
    ['missing, and infinity', undefined, new Double(Infinity), new Double(NaN)],
  ])('$mul: %s', (_name, before, factor, expected) => {
    const doc = before === undefined ? {} : { a: before }
    expect(compileUpdate({ $mul: { a: factor } }).apply(doc, { isInsert: false, now: NOW })).toStrictEqual({
      a: expected,
    })
  })

  test('beyond 64 bits is BadValue', () => {
    expect(() => update({ _id: 7, a: Long.MAX_VALUE }, { $inc: { a: 1 } })).toThrow(
      'Failed to apply $inc operations to current value ((NumberLong)9223372036854775807) for document {_id: 7}',
    )
    expect(errorOf(() => update({ a: Long.MAX_VALUE }, { $mul: { a: 2 } }))).toBe(2)
  })

  test.each<[string, Doc, Doc, unknown]>([
    ['$bit and', { a: 13 }, { $bit: { a: { and: 10 } } }, new Int32(8)],
    ['$bit with a long is a long', { a: 1 }, { $bit: { a: { or: long(6) } } }, long(7)],
    ['$bit of nothing', {}, { $bit: { a: { xor: 5 } } }, new Int32(5)],
    ['$min lowers', { a: 5 }, { $min: { a: 3 } }, new Int32(3)],
    ['$min keeps', { a: 2 }, { $min: { a: 3 } }, new Int32(2)],
    ['$min of an equal of another type keeps', { a: 3 }, { $min: { a: long(3) } }, new Int32(3)],
    ['$max across types: string over number', { a: 5 }, { $max: { a: 'x' } }, 'x'],
    ['$max of nothing', {}, { $max: { a: 3 } }, new Int32(3)],
  ])('%s', (_name, doc, spec, expected) => {
    expect(update(doc, spec)).toStrictEqual({ a: expected })
  })
})

describe('arrays', () => {
  test.each<[string, unknown, Doc, unknown]>([
    ['$push', [1], { $push: { a: 2 } }, [1, 2]],
    ['$push makes the array', undefined, { $push: { a: 2 } }, [2]],
    ['$push of an array is one element', [1], { $push: { a: [2] } }, [1, [2]]],
    ['$each', [1], { $push: { a: { $each: [2, 3] } } }, [1, 2, 3]],
    ['$position', [1, 2], { $push: { a: { $each: [9], $position: 0 } } }, [9, 1, 2]],
    ['$position from the end', [1, 2, 3], { $push: { a: { $each: [9], $position: -1 } } }, [1, 2, 9, 3]],
    ['$slice: the last', [1, 2], { $push: { a: { $each: [3], $slice: -2 } } }, [2, 3]],
    ['$slice: none', [1, 2], { $push: { a: { $each: [3], $slice: 0 } } }, []],
    ['$sort then $slice', [3, 1], { $push: { a: { $each: [2], $sort: -1, $slice: 2 } } }, [3, 2]],
    [
      '$sort by a field',
      [{ x: 2 }, { x: 1 }],
      { $push: { a: { $each: [{ x: 0 }], $sort: { x: 1 } } } },
      [{ x: 0 }, { x: 1 }, { x: 2 }],
    ],
    ['$addToSet of what is there, in another type', [1], { $addToSet: { a: new Double(1) } }, [1]],
    ['$addToSet $each', [1], { $addToSet: { a: { $each: [2, 2, 1] } } }, [1, 2]],
    [
      '$addToSet: fields in another order are another value',
      [{ x: 1, y: 2 }],
      { $addToSet: { a: { y: 2, x: 1 } } },
      [
        { x: 1, y: 2 },
        { y: 2, x: 1 },
      ],
    ],
    ['$addToSet of nothing makes an array', undefined, { $addToSet: { a: { $each: [] } } }, []],
    ['$pop last', [1, 2], { $pop: { a: 1 } }, [1]],
    ['$pop first', [1, 2], { $pop: { a: -1 } }, [2]],
    ['$pull a value', [1, 2, 1], { $pull: { a: 1 } }, [2]],
    ['$pull by a condition', [1, 5, 9], { $pull: { a: { $gte: 5 } } }, [1]],
    ['$pull $in', ['x', 'y'], { $pull: { a: { $in: ['x', 'z'] } } }, ['y']],
    ['$pull documents by some fields', [{ x: 1, y: 1 }, { x: 2 }, 1], { $pull: { a: { x: 1 } } }, [{ x: 2 }, 1]],
    ['$pull by $or', [{ x: 1 }, { x: 2 }, { x: 3 }], { $pull: { a: { $or: [{ x: 1 }, { x: 3 }] } } }, [{ x: 2 }]],
    ['$pullAll', [1, 2, 3], { $pullAll: { a: [1, 3, 9] } }, [2]],
  ])('%s', (_name, before, spec, expected) => {
    expect(update(before === undefined ? {} : { a: before }, spec)).toStrictEqual(stored({ a: expected }))
  })

  const grades = {
    a: [
      { g: 1, n: [1, 2] },
      { g: 2, n: [3] },
    ],
  }
  test.each<[string, Doc, Doc, readonly Doc[], Doc]>([
    ['$[] is every element', { a: [1, 2] }, { $inc: { 'a.$[]': 1 } }, [], { a: [2, 3] }],
    [
      '$[id] is what its filter matches',
      grades,
      { $set: { 'a.$[e].g': 9 } },
      [{ 'e.g': { $gte: 2 } }],
      {
        a: [
          { g: 1, n: [1, 2] },
          { g: 9, n: [3] },
        ],
      },
    ],
    [
      'both, nested',
      grades,
      { $inc: { 'a.$[].n.$[x]': 10 } },
      [{ x: { $gt: 1 } }],
      {
        a: [
          { g: 1, n: [1, 12] },
          { g: 2, n: [13] },
        ],
      },
    ],
    [
      'filters with $or',
      { a: [1, 2, 3] },
      { $set: { 'a.$[e]': 0 } },
      [{ $or: [{ e: 1 }, { e: 3 }] }],
      { a: [0, 2, 0] },
    ],
    ['two identifiers', { a: [1, 2] }, { $set: { 'a.$[x]': 8, 'a.$[y]': 9 } }, [{ x: 1 }, { y: 2 }], { a: [8, 9] }],
  ])('%s', (_name, doc, spec, arrayFilters, expected) => {
    expect(update(doc, spec, { arrayFilters })).toStrictEqual(stored(expected))
  })

  test('$ stands for the element that the filter matched', () => {
    const doc = stored({ a: [{ k: 1 }, { k: 2 }] })
    const trace: MatchTrace = { arrayIndex: undefined }
    expect(compileFilter({ 'a.k': new Int32(2) }).matchesWithTrace(doc, trace)).toBe(true)
    const compiled = compileUpdate(stored({ $set: { 'a.$.k': 5 } }))
    expect(compiled.needsPosition).toBe(true)
    const next = compiled.apply(doc, { isInsert: false, now: NOW, positionalIndex: trace.arrayIndex })
    expect(next).toStrictEqual(stored({ a: [{ k: 1 }, { k: 5 }] }))
  })
})

describe('$rename, $currentDate, $setOnInsert', () => {
  test('$rename moves the value and overwrites the target', () => {
    expect(update({ a: 1, b: { c: 2 } }, { $rename: { a: 'b.c' } })).toStrictEqual(stored({ b: { c: 1 } }))
    expect(update({ b: 1 }, { $rename: { a: 'b' } })).toStrictEqual(stored({ b: 1 }))
  })

  test('$currentDate writes the time of the command', () => {
    expect(update({}, { $currentDate: { a: true, b: { $type: 'timestamp' } } })).toStrictEqual({
      a: NOW,
      b: new Timestamp({ t: Math.floor(NOW.getTime() / 1000), i: 1 }),
    })
  })

  test('$setOnInsert counts for new documents alone', () => {
    const spec = { $setOnInsert: { 'a.b': 1 }, $set: { c: 1 } }
    expect(update({ a: 5 }, spec)).toStrictEqual(stored({ a: 5, c: 1 }))
    expect(update({}, spec, { isInsert: true })).toStrictEqual(stored({ a: { b: 1 }, c: 1 }))
  })
})

describe('refusals', () => {
  test.each<[string, Doc, Doc, number]>([
    ['a path through a scalar', { a: 5 }, { $set: { 'a.b': 1 } }, 28],
    ['a name in an array', { a: [1] }, { $set: { 'a.b': 1 } }, 28],
    ['$pull through a scalar', { a: 5 }, { $pull: { 'a.b': 1 } }, 28],
    ['$rename through a scalar', { a: 5 }, { $rename: { 'a.b': 'c' } }, 28],
    ['$rename of an element', { a: [1] }, { $rename: { 'a.0': 'c' } }, 2],
    ['$rename into an array', { a: [1], b: 1 }, { $rename: { b: 'a.0' } }, 2],
    ['$rename to itself', {}, { $rename: { a: 'a' } }, 2],
    ['$rename into itself', {}, { $rename: { a: 'a.b' } }, 2],
    ['$rename onto what holds it', {}, { $rename: { 'a.b': 'a' } }, 2],
    ['$rename to no string', {}, { $rename: { a: 1 } }, 2],
    ['two operators on one path', {}, { $set: { a: 1 }, $inc: { a: 1 } }, 40],
    ['a path and one below it', {}, { $set: { a: 1, 'a.b': 1 } }, 40],
    ['$rename and its target', {}, { $rename: { a: 'b' }, $set: { b: 1 } }, 40],
    ['$[] beside an index', { a: [1] }, { $set: { 'a.$[]': 1, 'a.0': 2 } }, 40],
    ['another _id', { _id: 1 }, { $set: { _id: 2 } }, 66],
    ['no _id', { _id: 1 }, { $unset: { _id: 1 } }, 66],
    ['a part of the _id', { _id: { x: 1 } }, { $set: { '_id.x': 2 } }, 66],
    ['an _id that is an array', {}, { $set: { _id: [1] } }, 53],
    ['an unknown operator', {}, { $foo: { a: 1 } }, 9],
    ['a field among operators', {}, { $set: { a: 1 }, b: 1 }, 9],
    ['an operator without fields', {}, { $set: 5 }, 9],
    ['a dollar name', {}, { $set: { $x: 1 } }, 52],
    ['an empty path', {}, { $set: { '': 1 } }, 56],
    ['an empty name', {}, { $set: { 'a..b': 1 } }, 56],
    ['a path that is too deep', {}, { $set: { [Array(200).fill('a').join('.')]: 1 } }, 15],
    ['$inc by a string', {}, { $inc: { a: 'x' } }, 14],
    ['$inc of a string', { a: 'x' }, { $inc: { a: 1 } }, 14],
    ['$inc of null', { a: null }, { $inc: { a: 1 } }, 14],
    ['$push on a scalar', { a: 1 }, { $push: { a: 1 } }, 2],
    ['$push $each of no array', {}, { $push: { a: { $each: 1 } } }, 2],
    ['$push with an unknown clause', {}, { $push: { a: { $each: [], $foo: 1 } } }, 2],
    ['$push $slice of no integer', {}, { $push: { a: { $each: [], $slice: 1.5 } } }, 2],
    ['$push $sort of 2', {}, { $push: { a: { $each: [], $sort: 2 } } }, 2],
    ['$addToSet on a scalar', { a: 1 }, { $addToSet: { a: 1 } }, 2],
    ['$addToSet $each of no array', {}, { $addToSet: { a: { $each: 1 } } }, 14],
    ['$pop on a scalar', { a: 1 }, { $pop: { a: 1 } }, 14],
    ['$pop by 2', {}, { $pop: { a: 2 } }, 9],
    ['$pull on a scalar', { a: 1 }, { $pull: { a: 1 } }, 2],
    ['$pullAll by no array', {}, { $pullAll: { a: 1 } }, 2],
    ['$bit on a double', { a: 1.5 }, { $bit: { a: { or: 1 } } }, 2],
    ['$bit by an unknown operation', {}, { $bit: { a: { nand: 1 } } }, 2],
    ['$currentDate of an unknown type', {}, { $currentDate: { a: { $type: 'time' } } }, 2],
    ['$ without a match', { a: [1] }, { $set: { 'a.$': 1 } }, 2],
    ['$ twice', {}, { $set: { 'a.$.b.$': 1 } }, 2],
    ['$ in front', {}, { $set: { '$.a': 1 } }, 2],
    ['$[] on a scalar', { a: 1 }, { $set: { 'a.$[]': 1 } }, 2],
    ['$[] on nothing', {}, { $set: { 'a.$[]': 1 } }, 2],
    ['$[id] without a filter', { a: [1] }, { $set: { 'a.$[e]': 1 } }, 2],
    ['too many nulls', { a: [] }, { $set: { [`a.${ARRAY_PADDING_MAX + 1}`]: 1 } }, 161],
  ])('%s', (_name, doc, spec, code) => {
    expect(errorOf(() => update(doc, spec))).toBe(code)
  })

  test.each<[string, readonly Doc[], number]>([
    ['that is not used', [{ e: 1 }, { f: 1 }], 9],
    ['given twice', [{ e: 1 }, { e: 2 }], 9],
    ['without a name', [{}], 9],
    ['with two names', [{ e: 1, f: 1 }], 9],
    ['with a name that is none', [{ E: 1 }], 2],
  ])('an array filter %s', (_name, arrayFilters, code) => {
    expect(errorOf(() => update({ a: [1] }, { $set: { 'a.$[e]': 1 } }, { arrayFilters }))).toBe(code)
  })
})

describe('pipeline', () => {
  test('computes from the document, stage after stage', () => {
    const pipeline = [
      { $set: { total: { $add: ['$a', '$$step'] }, at: '$$NOW' } },
      { $unset: 'a' },
      { $set: { twice: { $multiply: ['$total', 2] } } },
    ]
    const result = update({ _id: 1, a: 1 }, pipeline, { variables: { step: new Int32(4) } })
    expect(result).toStrictEqual({ ...stored({ _id: 1, total: 5, twice: 10 }), at: NOW })
  })

  test.each<[readonly Doc[], number]>([
    [[{ $match: {} }], 72],
    [[{ $foo: 1 }], 40324],
    [[{ $set: { _id: 2 } }], 66],
    [[{ $set: { a: { $foo: 1 } } }], 168],
  ])('%j is refused', (pipeline, code) => {
    expect(errorOf(() => update({ _id: 1 }, pipeline))).toBe(code)
  })

  test('has no array filters', () => {
    expect(errorOf(() => update({}, [{ $set: { a: 1 } }], { arrayFilters: [{ e: 1 }] }))).toBe(9)
  })

  test('the _id stays when a stage drops it', () => {
    expect(update({ _id: 1, a: 1 }, [{ $replaceWith: { b: '$a' } }])).toStrictEqual(stored({ _id: 1, b: 1 }))
  })
})

describe('upsertBase', () => {
  const id = new ObjectId()
  test.each<[Doc, Doc]>([
    [
      { _id: id, a: 1 },
      { _id: id, a: 1 },
    ],
    [{ a: { $eq: 1 }, b: { $gt: 1 } }, { a: 1 }],
    [{ 'a.b': 1, 'a.c': 2 }, { a: { b: 1, c: 2 } }],
    [{ $and: [{ a: 1 }, { $and: [{ b: 2 }] }] }, { a: 1, b: 2 }],
    [{ a: { $in: [1] }, b: { $in: [1, 2] } }, { a: 1 }],
    [{ a: { $all: [1] } }, { a: 1 }],
    [{ $or: [{ a: 1 }] }, { a: 1 }],
    [{ $or: [{ a: 1 }, { a: 2 }], a: /x/ }, {}],
  ])('%j', (filter, expected) => {
    expect(upsertBase(stored(filter))).toStrictEqual(stored(expected))
  })

  test('two values for one place are refused', () => {
    expect(errorOf(() => upsertBase({ a: 1, $and: [{ a: 2 }] }))).toBe(54)
    expect(errorOf(() => upsertBase({ a: 1, 'a.b': 2 }))).toBe(54)
  })

  test('an operator may not change the _id that the filter gave', () => {
    const apply = (id: number): Doc =>
      compileUpdate(stored({ $set: { _id: id } })).apply(upsertBase(stored({ _id: 1 })), { isInsert: true, now: NOW })
    expect(apply(1)).toStrictEqual(stored({ _id: 1 }))
    expect(errorOf(() => apply(2))).toBe(66)
  })
})
