import { BSONRegExp, DBRef, Decimal128, Double, Int32, Long, serialize } from 'bson'
import * as fc from 'fast-check'
import { compareValues, valuesEqual } from '../../../../src/embedded-mongo/bson/compare'
import {
  getField,
  hasField,
  isDoc,
  readDoc,
  setField,
  writeDoc,
  writeField,
} from '../../../../src/embedded-mongo/bson/doc'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { identical } from '../../../../src/embedded-mongo/bson/identical'
import { typeName } from '../../../../src/embedded-mongo/bson/types'
import { anyValue } from '../support/arbitraries'

describe('reading and writing', () => {
  test('no value loses its type or its bytes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = writeDoc({ value })
        expect(Buffer.compare(writeDoc(readDoc(bytes)), bytes)).toBe(0)
        expect(typeName(readDoc(bytes)['value'])).toBe(typeName(value))
      }),
      { numRuns: 500 },
    )
  })

  test('one field is written as bson writes it', () => {
    const name = fc.string().filter((text) => text !== '__proto__')
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.integer().map((n) => new Int32(n)),
      anyValue,
    )
    fc.assert(
      fc.property(name, value, (field, content) => {
        const write = (): Uint8Array => writeField(field, content)
        if (field.includes('\0')) expect(write).toThrow('null bytes')
        else
          expect(
            Buffer.compare(write(), serialize({ [field]: content }, { ignoreUndefined: false }).subarray(4, -1)),
          ).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test('__proto__ is a field like any other', () => {
    const doc: Doc = {}
    setField(doc, '__proto__', 'x')
    const read = readDoc(writeDoc(doc))
    expect(hasField(read, '__proto__')).toBe(true)
    expect(getField(read, '__proto__')).toBe('x')
    expect(getField({}, '__proto__')).toBeUndefined()
    expect(getField({}, 'hasOwnProperty')).toBeUndefined()
    expect(isDoc(read)).toBe(true)
  })

  test('what looks like a reference compares as the document that it is', () => {
    const read = readDoc(writeDoc({ ref: { $ref: 'c', $id: new Int32(1), more: true } }))
    expect(read['ref']).toBeInstanceOf(DBRef)
    expect(valuesEqual(read['ref'], { $ref: 'c', $id: new Int32(1), more: true })).toBe(true)
    expect(compareValues(read['ref'], { $ref: 'd', $id: new Int32(1) })).toBeLessThan(0)
  })
})

describe('compareValues', () => {
  test('is an order: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(anyValue, anyValue, anyValue, (a, b, c) => {
        expect(Math.sign(compareValues(a, b))).toBe(0 - Math.sign(compareValues(b, a)))
        const [x, y, z] = [a, b, c].toSorted((p, q) => compareValues(p, q))
        expect(compareValues(x, y)).toBeLessThanOrEqual(0)
        expect(compareValues(y, z)).toBeLessThanOrEqual(0)
        expect(compareValues(x, z)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('identical', () => {
  test.each<[unknown, unknown, boolean]>([
    [new Int32(5), new Int32(5), true],
    [new Int32(5), Long.fromNumber(5), false],
    [new Double(0), new Double(-0), false],
    [new Double(NaN), new Double(NaN), true],
    [Decimal128.fromString('1.0'), Decimal128.fromString('1.00'), false],
    [Long.fromString('9007199254740993'), Long.fromString('9007199254740993'), true],
    [{ a: [new Int32(1)] }, { a: [new Int32(1)] }, true],
    [{ a: [new Int32(1)] }, { a: [new Double(1)] }, false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, false],
    [new Date(5), new Date(5), true],
    [new BSONRegExp('a', 'i'), new BSONRegExp('a'), false],
    [null, undefined, false],
  ])('%p and %p: %s', (a, b, same) => {
    expect(identical(a, b)).toBe(same)
  })
})
