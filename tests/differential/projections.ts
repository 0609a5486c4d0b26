import { Int32 } from 'bson'
import * as fc from 'fast-check'
import type { Document } from 'mongodb'
import { elementCondition } from './filters'
import { field, int, scalar, topField } from './values'

const ONE = new Int32(1)
const ZERO = new Int32(0)
const plain: fc.Arbitrary<Document> = fc.oneof(
  field.map((path) => ({ [path]: ONE })),
  topField.map((path) => ({ [path]: ZERO })),
  field.map((path) => ({ [path]: ONE, _id: ZERO })),
  fc
    .tuple(field, topField)
    .map(([path, other]) => ({ [path]: ONE, ...(path.startsWith(other) ? {} : { [other]: ONE }) })),
)
/** What a $project can show too. */
export const projection: fc.Arbitrary<Document> = plain.filter((spec) => !('_id' in spec))

const slice = fc.oneof(
  int,
  fc.tuple(int, fc.integer({ min: 1, max: 3 })).map((both) => both),
)
/** What a find can show, and a $project cannot. */
export const findProjection: fc.Arbitrary<Document> = fc.oneof(
  { weight: 3, arbitrary: plain },
  fc.constantFrom<Document>({}, { a: { x: ONE } }, { b: { y: ZERO } }, { 'a.x': ZERO }),
  fc.tuple(topField, slice).map(([path, $slice]) => ({ [path]: { $slice } })),
  fc.tuple(topField, slice).map(([path, $slice]) => ({ [path]: { $slice }, _id: ONE })),
  fc.tuple(topField, elementCondition).map(([path, $elemMatch]) => ({ [path]: { $elemMatch } })),
  fc.tuple(topField, scalar).map(([path, at]) => ({ [path]: { $elemMatch: { $gte: at } } })),
  topField.map((path) => ({ n: { $type: `$${path}` }, [path]: ONE })),
)
