import { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'bson'
import { CommandError, badValue, duplicateKey, showValue } from '../../../../src/embedded-mongo/bson/errors'

const id = new ObjectId('0123456789abcdef01234567')

describe('CommandError', () => {
  test('carries what the answer needs', () => {
    const error = badValue('no')
    expect(error).toBeInstanceOf(CommandError)
    expect(error).toMatchObject({ code: 2, codeName: 'BadValue', message: 'no', extra: {} })
  })

  test('a duplicate key has the message that drivers take apart', () => {
    const error = duplicateKey('db.users', 'email_1', { email: new Int32(1) }, { email: 'a@b.c' })
    expect(error.message).toBe(
      'E11000 duplicate key error collection: db.users index: email_1 dup key: { email: "a@b.c" }',
    )
    expect(error).toMatchObject({
      code: 11000,
      codeName: 'DuplicateKey',
      extra: { keyPattern: { email: new Int32(1) }, keyValue: { email: 'a@b.c' } },
    })
  })
})

test.each<[unknown, string]>([
  [undefined, 'null'],
  [null, 'null'],
  ['a"b', '"a\\"b"'],
  [true, 'true'],
  [new Int32(5), '5'],
  [new Double(5), '5.0'],
  [new Double(0.5), '0.5'],
  [new Double(-Infinity), '-Infinity'],
  [Long.fromString('9007199254740993'), '9007199254740993'],
  [Decimal128.fromString('1.50'), "Decimal128('1.50')"],
  [id, "ObjectId('0123456789abcdef01234567')"],
  [new Date(7), 'new Date(7)'],
  [[], '[]'],
  [[new Int32(1), 'x'], '[ 1, "x" ]'],
  [{}, '{}'],
  [{ a: { b: null } }, '{ a: { b: null } }'],
  [new Binary(Buffer.from('x')), '"eA=="'],
])('%p is shown as %s', (value, text) => {
  expect(showValue(value)).toBe(text)
})
