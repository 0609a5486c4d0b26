import { Binary, BSONRegExp, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import * as fc from 'fast-check'
import { setField } from '../../../../src/embedded-mongo/bson/doc'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => new Int32(value))
const double = fc
  .oneof(
    fc.double(),
    fc.constantFrom(0, -0, NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 2 ** 53 + 2, 1e22),
  )
  .map((value) => new Double(value))
const long = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
    fc.bigInt({ min: -9n, max: 9n }),
  )
  .map((value) => Long.fromBigInt(value))
const decimal = fc
  .oneof(
    fc.constantFrom(
      'NaN',
      'Infinity',
      '-Infinity',
      '0',
      '-0',
      '0E+10',
      '5',
      '5.0',
      '0.5',
      '0.1',
      '-0.1',
      '9007199254740993',
    ),
    fc.constantFrom(
      '1E+6144',
      '-1E+6144',
      '1E-6176',
      '-1E-6176',
      '9.99E+308',
      '1.7976931348623157E+308',
      '4.9E-324',
      '1E-330',
    ),
    fc
      .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: -30, max: 30 }))
      .map(([c, e]) => `${c}E${e}`),
  )
  .map((text) => Decimal128.fromString(text))
export const anyNumber = fc.oneof(int32, double, long, decimal)

/** NUL, astral characters, and those that UTF-16 sorts after them. */
const unit = fc.constantFrom('', 'a', 'b', 'ab', 'Z', '0', '\0', '\u0001', 'é', 'ÿ', '\uE000', '\uFFFD', '😀', '𐀀')
export const anyText = fc.array(unit, { maxLength: 4 }).map((parts) => parts.join(''))

const small = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, new MinKey(), new MaxKey()),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15)),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
  fc.tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(0, 4, 128)).map(([bytes, type]) => new Binary(bytes, type)),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.tuple(fc.constantFrom('a', '^a', 'b'), fc.constantFrom('', 'i', 'im')).map(([p, o]) => new BSONRegExp(p, o)),
  fc.constantFrom<unknown>(new Code('a'), new Code('b'), new Code('a', { x: new Int32(1) })),
)

const name = fc.constantFrom('a', 'b', 'ab', '', 'é', '__proto__', 'constructor')

export function docOfEntries(entries: readonly (readonly [string, unknown])[]): Doc {
  const doc: Doc = {}
  for (const [key, value] of entries) setField(doc, key, value)
  return doc
}

/** Any value of any type that BSON has, nested three deep. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, anyNumber, anyText, small, tie('array'), tie('object')),
  array: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map(docOfEntries),
})).value
