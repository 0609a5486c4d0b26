import { Double, Int32 } from 'bson'
import * as fc from 'fast-check'
import { compileCollation } from '../../../../src/embedded-mongo/bson/collation'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { compileSort, topK } from '../../../../src/embedded-mongo/query/sort'

const int = (value: number): Int32 => new Int32(value)
const ids = (docs: readonly Doc[]): unknown[] => docs.map((doc) => doc['_id'])

function sorted(spec: Doc, docs: readonly Doc[]): unknown[] {
  return ids(docs.toSorted(compileSort(spec)))
}

describe('compileSort', () => {
  test('orders types, and takes missing for null', () => {
    const docs = [
      { _id: 'text', a: 'x' },
      { _id: 'two', a: int(2) },
      { _id: 'missing' },
      { _id: 'empty', a: [] },
      { _id: 'true', a: true },
      { _id: 'half', a: new Double(0.5) },
    ]
    expect(sorted({ a: int(1) }, docs)).toEqual(['empty', 'missing', 'half', 'two', 'text', 'true'])
    expect(sorted({ a: int(-1) }, docs)).toEqual(['true', 'text', 'two', 'half', 'missing', 'empty'])
  })

  test('two arrays of one document do not sort together', () => {
    const docs = [{ a: [int(1), int(2)], b: [int(1)] }, { a: int(3) }]
    expect(() => sorted({ a: int(1), b: int(1) }, docs)).toThrow(expect.objectContaining({ code: 2 }))
    expect(sorted({ a: int(1) }, docs)).toHaveLength(2)
  })

  test('several fields, nested ones too', () => {
    const docs = [
      { _id: 1, a: int(1), b: { c: 'x' } },
      { _id: 2, a: int(1), b: { c: 'y' } },
      { _id: 3, a: int(0), b: { c: 'z' } },
    ]
    expect(sorted({ a: int(1), 'b.c': int(-1) }, docs)).toEqual([3, 2, 1])
  })

  test('an array counts by its least element upwards and by its greatest downwards', () => {
    const docs = [
      { _id: 'a', v: [int(5), int(1)] },
      { _id: 'b', v: int(3) },
      { _id: 'c', v: [int(2), int(9)] },
    ]
    expect(sorted({ v: int(1) }, docs)).toEqual(['a', 'c', 'b'])
    expect(sorted({ v: int(-1) }, docs)).toEqual(['c', 'a', 'b'])
    const pairs = [
      {
        _id: 'p',
        v: [
          { x: int(1), y: int(9) },
          { x: int(2), y: int(0) },
        ],
      },
      { _id: 'q', v: [{ x: int(1), y: int(5) }] },
    ]
    // The least row of p is (1, 9): its fields belong together.
    expect(sorted({ 'v.x': int(1), 'v.y': int(1) }, pairs)).toEqual(['q', 'p'])
  })

  test('by a collation', () => {
    const docs = [
      { _id: 1, a: 'b' },
      { _id: 2, a: 'A' },
      { _id: 3, a: 'B' },
      { _id: 4, a: 'a' },
    ]
    expect(sorted({ a: int(1) }, docs)).toEqual([2, 3, 4, 1])
    const order = compileSort({ a: int(1) }, compileCollation({ locale: 'en', strength: int(2) }))
    expect(ids(docs.toSorted(order))).toEqual([2, 4, 1, 3])
  })

  test.each<[Doc, number]>([
    [{ a: int(2) }, 15975],
    [{ a: 'x' }, 15974],
    [{ a: { $meta: 'textScore' } }, 2],
    [{ 'a..b': int(1) }, 2],
    [Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, int(1)])), 2],
  ])('refuses %j', (spec, code) => {
    expect(() => compileSort(spec)).toThrow(expect.objectContaining({ code }))
  })
})

describe('topK', () => {
  test('keeps what sorting everything and cutting would keep, equal items in their order of arrival', () => {
    const item = fc.record({ key: fc.integer({ min: 0, max: 5 }), id: fc.integer() })
    fc.assert(
      fc.property(fc.array(item), fc.integer({ min: 0, max: 8 }), (items, limit) => {
        const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key
        const top = topK(limit, compare)
        for (const one of items) top.add(one)
        expect(top.result()).toEqual(items.toSorted(compare).slice(0, limit))
      }),
    )
  })
})
