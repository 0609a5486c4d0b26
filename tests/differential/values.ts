import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import * as fc from 'fast-check'

/** Few fields and few values, so that documents and filters meet. */
export const FIELDS = ['a', 'b', 'c', 'a.x', 'b.y'] as const
export const field = fc.constantFrom(...FIELDS)
/** `s` never holds an array: it may stand beside any other field in an index. */
export const queried = fc.constantFrom(...FIELDS, 's')
export const sorted = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'b', 'c', 's') },
  { weight: 1, arbitrary: field },
)
export const topField = fc.constantFrom('a', 'b', 'c')
export const int = fc.integer({ min: -3, max: 6 }).map((value) => new Int32(value))
export const number = fc.oneof(
  { weight: 4, arbitrary: int },
  fc.constantFrom(new Double(1), new Double(2.5), new Double(-0.5), new Double(NaN), new Double(Infinity)),
  fc.constantFrom(Long.fromNumber(2), Long.fromString('9007199254740993'), Long.MAX_VALUE, Long.MIN_VALUE),
  fc.constantFrom('1', '2.50', '0.1', '100').map((text) => Decimal128.fromString(text)),
)
export const text = fc.constantFrom('', 'a', 'B', 'ab', 'é', 'b')
export const scalar = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 3, arbitrary: text },
  fc.constantFrom<unknown>(null, true, false, new Date(0), new Date(5_000), new MinKey(), new MaxKey()),
  fc.constantFrom<unknown>(
    new ObjectId('0123456789abcdef01234567'),
    new Binary(Buffer.from('ab'), 0),
    new Binary(Buffer.alloc(16, 7), 4),
    new Timestamp({ t: 1, i: 2 }),
  ),
)
const flat = fc.oneof({ weight: 5, arbitrary: scalar }, { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) })
/** Records as plain objects: what JSON.parse would make of them. */
export const PLAIN = { requiredKeys: [], noNullPrototype: true } satisfies object
export const value = fc.oneof(
  { weight: 6, arbitrary: flat },
  fc.record({ x: flat, y: flat }, PLAIN),
  fc.array(fc.record({ x: scalar, y: scalar }, PLAIN), { maxLength: 3 }),
)
const fields = fc.record({ a: value, b: value, c: value, s: fc.oneof(int, text) }, PLAIN)
export const newDocuments = fc
  .array(fields, { minLength: 1, maxLength: 15 })
  .map((docs) => docs.map((doc, i) => ({ _id: new Int32(i), ...doc })))

/** One of the documents, or one that is not there yet. */
export const id = fc.nat(20).map((n) => new Int32(n))
export const document = fc.tuple(id, fields).map(([_id, doc]) => ({ _id, ...doc }))

export const direction = fc.constantFrom(new Int32(1), new Int32(-1))
export const collation = fc.constantFrom(
  { locale: 'en', strength: 1 },
  { locale: 'en', strength: 2 },
  { locale: 'en', strength: 3 },
)
