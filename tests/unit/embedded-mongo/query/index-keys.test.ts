import { Int32, Long } from 'bson'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { EMPTY_ARRAY } from '../../../../src/embedded-mongo/bson/types'
import { indexKeys } from '../../../../src/embedded-mongo/query/index-keys'

const int = (value: number): Int32 => new Int32(value)
const ONE = int(1)
const keys = (doc: Doc, pattern: Doc, sparse = false) => indexKeys(doc, pattern, { sparse })

describe('indexKeys', () => {
  test('one entry for a document without arrays; missing counts as null', () => {
    expect(keys({ a: 'x', b: { c: int(2) } }, { a: ONE, 'b.c': ONE, d: ONE })).toEqual({
      keys: [['x', int(2), null]],
      multikey: [],
    })
    expect(keys({ a: int(5) }, { 'a.b': ONE })).toEqual({ keys: [[null]], multikey: [] })
  })

  test('one row per element, be they equal or not', () => {
    expect(keys({ a: [int(1), int(2), Long.fromNumber(1)] }, { a: ONE })).toEqual({
      keys: [[int(1)], [int(2)], [Long.fromNumber(1)]],
      multikey: ['a'],
    })
    expect(keys({ a: [[int(1)], int(2)] }, { a: ONE }).keys).toEqual([[[int(1)]], [int(2)]])
  })

  test('an empty array has an entry of its own; one on the way counts as null', () => {
    expect(keys({ a: [] }, { a: ONE })).toEqual({ keys: [[EMPTY_ARRAY]], multikey: ['a'] })
    expect(keys({ a: [] }, { 'a.b': ONE })).toEqual({ keys: [[null]], multikey: ['a.b'] })
  })

  test('fields below one array are expanded together, others stay', () => {
    const doc = { a: [{ x: int(1), y: int(2) }, { x: int(3) }, int(4)], b: 'z' }
    expect(keys(doc, { 'a.x': ONE, b: ONE, 'a.y': ONE })).toEqual({
      keys: [
        [int(1), 'z', int(2)],
        [int(3), 'z', null],
        [null, 'z', null],
      ],
      multikey: ['a.x', 'a.y'],
    })
    expect(keys({ a: [{ x: [int(1), int(2)], y: int(3) }] }, { 'a.x': ONE, 'a.y': ONE }).keys).toEqual([
      [int(1), int(3)],
      [int(2), int(3)],
    ])
  })

  test('two independent arrays are refused', () => {
    expect(() => keys({ a: [int(1)], b: [int(2)] }, { a: ONE, b: ONE })).toThrow(
      expect.objectContaining({ code: 171, message: 'cannot index parallel arrays [b] [a]' }),
    )
  })

  test('a sparse index leaves out a document that has none of the fields', () => {
    expect(keys({ c: ONE }, { a: ONE, b: ONE }, true).keys).toEqual([])
    expect(keys({ b: ONE }, { a: ONE, b: ONE }, true).keys).toEqual([[null, ONE]])
    expect(keys({ a: null }, { a: ONE }, true).keys).toEqual([[null]])
    expect(keys({ a: [] }, { a: ONE }, true).keys).toEqual([[EMPTY_ARRAY]])
  })
})
