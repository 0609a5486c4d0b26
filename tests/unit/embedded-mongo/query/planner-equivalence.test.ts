import { BSONRegExp, Double, Int32, Long } from 'bson'
import * as fc from 'fast-check'
import { compareValues } from '../../../../src/embedded-mongo/bson/compare'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { compileFilter } from '../../../../src/embedded-mongo/query/filter'
import type { IndexInfo } from '../../../../src/embedded-mongo/query/planner'
import { plan } from '../../../../src/embedded-mongo/query/planner'
import { compileSort } from '../../../../src/embedded-mongo/query/sort'
import { scan, storeOf } from '../support/index-store'

/** Few values, so that documents and filters meet. */
const scalar = fc.constantFrom<unknown>(
  null,
  true,
  new Int32(1),
  new Int32(2),
  Long.fromNumber(2),
  new Double(NaN),
  'a',
  'b',
  new Date(5),
)
const element = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 2, arbitrary: fc.record({ x: scalar, y: scalar }, { requiredKeys: [], noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
)
const fieldValue = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 2, arbitrary: fc.record({ x: scalar, y: scalar }, { requiredKeys: [], noNullPrototype: true }) },
  { weight: 2, arbitrary: fc.array(element, { maxLength: 3 }) },
)
/** One field may hold arrays, so that no two of them meet in one index. */
const document = fc.record({ a: fieldValue, b: scalar, c: scalar }, { requiredKeys: [], noNullPrototype: true })
const documents = fc
  .array(document, { minLength: 4, maxLength: 12, size: 'max' })
  .map((docs) => docs.map((doc, i): Doc => ({ _id: new Int32(i), ...doc })))

const path = fc.constantFrom('a', 'a.x', 'a.y', 'b', 'c')
const direction = fc.constantFrom(new Int32(1), new Int32(-1))
const keyPattern = fc
  .uniqueArray(path, { minLength: 1, maxLength: 3 })
  .chain((paths) =>
    fc
      .array(direction, { minLength: paths.length, maxLength: paths.length })
      .map((directions): Doc => Object.fromEntries(paths.map((name, i) => [name, directions[i]]))),
  )
const partialFilter = fc.constantFrom<Doc | undefined>(
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  { b: { $type: 'string' } },
  { b: { $exists: true } },
  { b: { $gt: new Int32(1) } },
)
const index = fc.record(
  { key: keyPattern, sparse: fc.constantFrom(false, false, false, true), partialFilter },
  { noNullPrototype: true },
)

const operand = fc.oneof({ weight: 5, arbitrary: scalar }, { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) })
const condition = fc.oneof(
  operand,
  fc.record({ x: scalar }, { noNullPrototype: true }),
  fc
    .tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte', '$eq', '$ne'), operand)
    .map(([op, value]): Doc => ({ [op]: value })),
  fc.tuple(scalar, scalar).map(([low, high]): Doc => ({ $gte: low, $lt: high })),
  fc.array(operand, { maxLength: 3 }).map((values): Doc => ({ $in: values })),
  fc.constantFrom<unknown>(new BSONRegExp('^a'), new BSONRegExp('^ab?'), new BSONRegExp('^A', 'i'), { $exists: true }),
  fc.constantFrom<unknown>({ $in: [new BSONRegExp('^a'), 'b'] }, { $exists: false }, { $type: 'string' }),
)
const elementFilter = fc.record({ x: condition, y: condition }, { requiredKeys: [], noNullPrototype: true })

/** A filter that mostly speaks of the fields of an index; `leading` are paths that an $or may use. */
function filterOn(key: Doc, leading: readonly string[]): fc.Arbitrary<Doc> {
  const keyPath = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Object.keys(key)) },
    { weight: 1, arbitrary: path },
  )
  const branchPath = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...leading) }, { weight: 1, arbitrary: path })
  const conjunct = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(keyPath, condition).map(([name, given]): Doc => ({ [name]: given })) },
    { weight: 1, arbitrary: elementFilter.map((given): Doc => ({ a: { $elemMatch: given } })) },
    {
      weight: 1,
      arbitrary: fc.tuple(scalar, scalar).map(([x, y]): Doc => ({ a: { $elemMatch: { $gte: x, $lte: y } } })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(branchPath, condition, branchPath, condition)
        .map(([p, x, q, y]): Doc => ({ $or: [{ [p]: x }, { [q]: y }] })),
    },
  )
  return fc.array(conjunct, { maxLength: 2 }).map((all): Doc => (all.length === 0 ? {} : { $and: all }))
}

/** A sort that is often a part of an index, one way or the other. */
function sortOn(key: Doc): fc.Arbitrary<Doc> {
  const fields = Object.entries(key)
  const part = fc.tuple(fc.nat(fields.length - 1), fc.boolean(), fc.boolean()).map(([from, turned, withId]): Doc => {
    const turn = (direction: unknown): Int32 => new Int32(compareValues(direction, 0) < 0 === turned ? 1 : -1)
    const own = fields.slice(from).map(([name, given]): [string, unknown] => [name, turn(given)])
    return Object.fromEntries(withId ? [...own, ['_id', new Int32(turned ? -1 : 1)]] : own)
  })
  return fc.oneof({ weight: 4, arbitrary: part }, { weight: 1, arbitrary: keyPattern })
}

const query = fc.tuple(index, index).chain(([spec, other]) =>
  fc.record({
    spec: fc.constant(spec),
    other: fc.constant(other),
    filter: filterOn(
      spec.key,
      [spec, other].flatMap(({ key }) => Object.keys(key).slice(0, 1)),
    ),
    sort: sortOn(spec.key),
  }),
)

/** A fixed seed, so that what the generators reach does not change from run to run; others are for longer runs. */
const RUNS = {
  numRuns: Number(process.env['PLANNER_RUNS'] ?? 500),
  seed: Number(process.env['PLANNER_SEED'] ?? 1),
}

describe('a plan finds what a scan of everything finds', () => {
  test('for random documents, indexes and filters', () => {
    const reached = { planned: 0, exact: 0, several: 0, branches: 0 }
    fc.assert(
      fc.property(documents, query, (docs, { spec, other, filter }) => {
        const stores = [spec, other].map((one, i) => storeOf(docs, { name: `i${i}`, unique: false, ...one }))
        const compiled = compileFilter(filter)
        const infos = stores.map((store) => store.info)
        const chosen = plan(compiled, undefined, infos)
        if (chosen.kind === 'COLLSCAN') return
        const met = (chosen.branches ?? [chosen]).flatMap((branch) => {
          const store = stores.find((one) => one.info === branch.index)
          return store === undefined ? [] : scan(store, branch)
        })
        if (!chosen.dedupe) expect(new Set(met).size).toBe(met.length)
        const distinct = [...new Set(met)].toSorted((a, b) => compareValues(a['_id'], b['_id']))
        const found = chosen.exact ? distinct : distinct.filter((doc) => compiled.matches(doc))
        expect(found).toEqual(docs.filter((doc) => compiled.matches(doc)))
        reached.planned++
        if (chosen.exact && found.length > 0) reached.exact++
        if (chosen.ranges.length > 1) reached.several++
        if (chosen.kind === 'OR') reached.branches++
      }),
      RUNS,
    )
    // The generators must keep reaching what is tested here.
    expect(reached.planned).toBeGreaterThan(RUNS.numRuns / 20)
    expect(reached.exact).toBeGreaterThan(RUNS.numRuns / 200)
    expect(reached.several).toBeGreaterThan(RUNS.numRuns / 200)
    expect(reached.branches).toBeGreaterThan(0)
  })

  test('in the order of the sort, when it says so', () => {
    let provided = 0
    fc.assert(
      fc.property(documents, query, (docs, { spec, filter, sort }) => {
        const store = storeOf(docs, { name: 'i', unique: false, ...spec })
        const compiled = compileFilter(filter)
        const infos: IndexInfo[] = [store.info]
        const chosen = plan(compiled, sort, infos)
        if (chosen.kind !== 'IXSCAN' || !chosen.providesSort) return
        const met = [...new Set(scan(store, chosen))].filter((doc) => compiled.matches(doc))
        const compare = compileSort(sort)
        for (let i = 1; i < met.length; i++) expect(compare(met[i - 1] as Doc, met[i] as Doc)).toBeLessThanOrEqual(0)
        expect(met.length).toBe(docs.filter((doc) => compiled.matches(doc)).length)
        if (met.length > 1) provided++
      }),
      RUNS,
    )
    expect(provided).toBeGreaterThan(RUNS.numRuns / 200)
  })
})
