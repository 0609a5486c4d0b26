import { Decimal128, Double, Int32, Long } from 'bson'
import * as fc from 'fast-check'
import { compareValues } from '../../../../src/embedded-mongo/bson/compare'
import { readDoc, writeDoc } from '../../../../src/embedded-mongo/bson/doc'
import { encodeKey, encodeValue, prefixEnd } from '../../../../src/embedded-mongo/bson/key-encoding'
import { EMPTY_ARRAY } from '../../../../src/embedded-mongo/bson/types'
import { anyNumber, anyText, anyValue } from '../support/arbitraries'

const RUNS = { numRuns: 1_000 }
const sign = (order: number): number => Math.sign(order) + 0 // no -0

describe('encodeValue', () => {
  test('orders any two values as compareValues does', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => {
        expect(Buffer.compare(encodeValue(a), encodeValue(b))).toBe(sign(compareValues(a, b)))
      }),
      RUNS,
    )
  })

  test('orders any two numbers, and any two strings', () => {
    for (const kind of [anyNumber, anyText]) {
      fc.assert(
        fc.property(kind, kind, (a, b) => {
          expect(Buffer.compare(encodeValue(a), encodeValue(b))).toBe(sign(compareValues(a, b)))
        }),
        RUNS,
      )
    }
  })

  test('is the same before and after a value is stored', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(encodeValue(readDoc(writeDoc({ value }))['value'])).toEqual(encodeValue(value))
      }),
    )
  })

  test.each([
    [
      'int, long, double and decimal 5',
      [new Int32(5), Long.fromNumber(5), new Double(5), Decimal128.fromString('5.00')],
    ],
    ['zeros', [new Int32(0), new Double(-0), Decimal128.fromString('-0E+3')]],
    ['2^53 + 1', [Long.fromString('9007199254740993'), Decimal128.fromString('9007199254740993')]],
    ['infinities', [new Double(Infinity), Decimal128.fromString('Infinity')]],
    ['not a number', [new Double(NaN), Decimal128.fromString('NaN')]],
  ])('equal numbers of different types encode alike: %s', (_name, values) => {
    expect(new Set(values.map((value) => encodeValue(value).toString('hex'))).size).toBe(1)
  })

  test('tells a double from the decimal that is written like it', () => {
    // 0.1 as a double is a little more than one tenth.
    expect(compareValues(new Double(0.1), Decimal128.fromString('0.1'))).toBeGreaterThan(0)
    expect(compareValues(new Double(0.5), Decimal128.fromString('0.5'))).toBe(0)
  })

  test('an empty array of an index comes before null', () => {
    expect(Buffer.compare(encodeValue(EMPTY_ARRAY), encodeValue(null))).toBe(-1)
  })
})

describe('encodeKey', () => {
  const key = fc.tuple(anyValue, anyValue)

  test('orders compound keys field by field, each in its direction', () => {
    fc.assert(
      fc.property(key, key, fc.tuple(fc.boolean(), fc.boolean()), (a, b, descending) => {
        const first = compareValues(a[0], b[0]) * (descending[0] ? -1 : 1)
        const second = compareValues(a[1], b[1]) * (descending[1] ? -1 : 1)
        const order = Buffer.compare(encodeKey(a, descending), encodeKey(b, descending))
        expect(order).toBe(sign(first === 0 ? second : first))
      }),
      RUNS,
    )
  })
})

describe('prefixEnd', () => {
  test('bounds every key that begins with the prefix, and no key before it', () => {
    fc.assert(
      fc.property(anyValue, anyValue, fc.boolean(), (a, b, descending) => {
        const prefix = encodeKey([a], [descending])
        const end = prefixEnd(prefix) as Buffer
        expect(Buffer.compare(encodeKey([a, b], [descending, false]), end)).toBe(-1)
        const other = encodeKey([b], [descending])
        expect(Buffer.compare(other, end) < 0).toBe(Buffer.compare(other, prefix) <= 0)
      }),
      RUNS,
    )
  })

  test('there is none after ff', () => {
    expect(prefixEnd(Buffer.from([0xff, 0xff]))).toBeUndefined()
    expect(prefixEnd(Buffer.from([1, 0xff]))).toEqual(Buffer.from([2]))
  })
})
