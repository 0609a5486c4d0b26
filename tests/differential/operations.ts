import { Int32 } from 'bson'
import * as fc from 'fast-check'
import type { Document } from 'mongodb'
import { condition, elementCondition, filter, sort } from './filters'
import { pipeline } from './pipelines'
import { findProjection } from './projections'
import { positional, update } from './updates'
import type { Statement } from './updates'
import { collation, direction, document, field, id, topField } from './values'

/** A command without its collection, and whether its results come in a defined order. */
export interface Operation {
  readonly command: (collection: string) => Document
  readonly ordered: boolean
}

export interface Index extends Document {
  readonly name: string
  readonly key: Document
}

const indexKey = fc
  .tuple(field, direction, fc.constantFrom(undefined, undefined, undefined, 's', '_id'), direction, fc.boolean())
  .map(([path, way, other, its, first]): Document => {
    if (other === undefined) return { [path]: way }
    return first ? { [other]: its, [path]: way } : { [path]: way, [other]: its }
  })
const partialFilterExpression = fc.constantFrom(
  { b: { $exists: true } },
  { a: { $gt: new Int32(1) } },
  { c: { $type: 'string' } },
)
/** An index, now and then with something that not every index has. */
const index: fc.Arbitrary<Index> = fc
  .tuple(
    indexKey,
    fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      fc.constant({ sparse: true }),
      partialFilterExpression.map((of) => ({ partialFilterExpression: of })),
      collation.map((of) => ({ collation: of })),
    ),
  )
  .map(([key, options]) => ({
    name:
      Object.entries(key)
        .flatMap(([path, way]) => [path, String(way)])
        .join('_') + Object.keys(options).join('_'),
    key,
    ...options,
  }))
/** On fields without a dot: of arrays of documents the other server takes other keys. */
const uniqueIndex = fc
  .tuple(topField, direction, fc.constantFrom(undefined, { c: { $type: 'string' } }))
  .map(([path, way, partialFilterExpression]): Index => {
    const index = { name: `unique_${path}`, key: { [path]: way }, unique: true }
    return partialFilterExpression === undefined ? index : { ...index, partialFilterExpression }
  })
const anyIndex = fc.oneof({ weight: 5, arbitrary: index }, { weight: 1, arbitrary: uniqueIndex })
export const indexes = fc.uniqueArray(anyIndex, { maxLength: 3, selector: ({ name }) => name })

/** Mostly nothing, else what another arbitrary makes. */
const seldom = (other: fc.Arbitrary<Document>): fc.Arbitrary<Document> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: other })
const collated = seldom(collation.map((of) => ({ collation: of })))
const hinted = seldom(
  fc.constantFrom({ hint: { _id: 1 } }, { hint: { $natural: 1 } }, { hint: 'nope' }, { hint: '_id_' }),
)

const find = fc
  .tuple(filter, sort, findProjection, fc.nat(3), fc.nat(6), collated, hinted)
  .map(([query, order, projection, skip, limit, ...options]) => ({
    ordered: true,
    command: (name: string): Document =>
      Object.assign({ find: name, filter: query, sort: order, projection, skip, limit }, ...options),
  }))
const positionalFind = fc.constantFrom('a', 'b', 'c').chain((path) =>
  elementCondition.map(($elemMatch) => ({
    ordered: true,
    command: (name: string) => ({
      find: name,
      filter: { [path]: { $elemMatch } },
      sort: { _id: 1 },
      projection: { [`${path}.$`]: 1 },
    }),
  })),
)
const count = fc.tuple(filter, collated, fc.nat(2), fc.nat(9)).map(([query, options, skip, limit]) => ({
  ordered: true,
  command: (name: string) => ({ count: name, query, skip, limit, ...options }),
}))
const distinct = fc.tuple(field, filter).map(([key, query]) => ({
  ordered: false,
  command: (name: string) => ({ distinct: name, key, query }),
}))
const aggregate = pipeline.map((stages) => ({
  ordered: false,
  command: (name: string) => ({ aggregate: name, pipeline: stages, cursor: {} }),
}))
const read: fc.Arbitrary<Operation> = fc.oneof({ weight: 5, arbitrary: find }, positionalFind, count, distinct, {
  weight: 4,
  arbitrary: aggregate,
})

/** One document, or all: which one of several is first is nowhere said. */
const which = fc.oneof(
  fc.tuple(id, seldom(condition)).map(([_id, more]) => ({ q: { _id, ...more }, multi: false })),
  filter.map((q) => ({ q, multi: true })),
)
const statement = fc.tuple(which, update, collated, hinted).map(([{ q, multi }, u, ...options]): Document => {
  if (multi && u.single === true) return { q: { _id: 3 }, ...shown(u) }
  return Object.assign({ q: { ...q, ...u.wants }, multi, ...shown(u) }, ...options)
})

function shown({ u, arrayFilters }: Statement): Document {
  return arrayFilters === undefined ? { u } : { u, arrayFilters }
}

const plainUpdate = update.filter(({ wants }) => wants === undefined)
const onInsert = fc.tuple(seldom(condition), id, plainUpdate, seldom(fc.constant({ $setOnInsert: { made: true } })))
const upsert = onInsert.map(([more, _id, { u }, inserts]) => ({
  q: { _id, ...more },
  u: '$set' in u || '$inc' in u || '$push' in u ? { ...u, ...inserts } : u,
  upsert: true,
}))
const byPosition = fc.tuple(positional, id).map(([{ q, u }, _id]) => ({ q: { _id, ...q }, u }))
const updates = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: statement },
        { weight: 2, arbitrary: upsert },
        { weight: 1, arbitrary: byPosition },
      ),
      { minLength: 1, maxLength: 2 },
    ),
    fc.boolean(),
  )
  .map(([statements, ordered]) => ({
    ordered: true,
    command: (name: string) => ({ update: name, updates: statements, ordered }),
  }))
const findAndModify = fc
  .tuple(
    fc.oneof(filter, fc.record({ _id: id }, { noNullPrototype: true })),
    sort,
    fc.oneof(
      {
        weight: 4,
        arbitrary: plainUpdate.map(({ u }) => ({ update: u })),
      },
      { weight: 1, arbitrary: fc.constant({ remove: true }) },
    ),
    fc.boolean(),
    findProjection,
    collated,
  )
  .map(([query, order, what, isNew, fields, options]) => ({
    ordered: true,
    command: (name: string) => ({
      findAndModify: name,
      query,
      sort: order,
      fields,
      ...what,
      ...('remove' in what ? {} : { new: isNew, upsert: '_id' in query }),
      ...options,
    }),
  }))
const remove = fc.tuple(fc.tuple(condition, condition), collated).map(([both, options]) => ({
  ordered: true,
  command: (name: string) => ({ delete: name, deletes: [{ q: { $and: both }, limit: 0, ...options }] }),
}))
const insert = fc
  .tuple(fc.array(document, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([documents, ordered]) => ({
    ordered: true,
    command: (name: string) => ({ insert: name, documents, ordered }),
  }))
const write: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: updates },
  { weight: 2, arbitrary: findAndModify },
  remove,
  insert,
)

/** Reads, and a write now and then. */
export const operation = fc.oneof({ weight: 3, arbitrary: read }, { weight: 2, arbitrary: write })
