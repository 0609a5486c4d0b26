import { BSONRegExp, Int32, ObjectId } from 'bson'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { compileCollation } from '../../../../src/embedded-mongo/bson/collation'
import { encodeValue, prefixEnd } from '../../../../src/embedded-mongo/bson/key-encoding'
import { compileFilter } from '../../../../src/embedded-mongo/query/filter'
import { SCAN_RANGES_MAX } from '../../../../src/embedded-mongo/query/limits'
import { plan } from '../../../../src/embedded-mongo/query/planner'
import type { IndexInfo, Plan } from '../../../../src/embedded-mongo/query/planner'

const UP = new Int32(1)
const DOWN = new Int32(-1)
const int = (value: number): Int32 => new Int32(value)

function index(name: string, key: Doc, more: Partial<IndexInfo> = {}): IndexInfo {
  return { name, key, unique: false, sparse: false, multikey: [], truncatedKeys: false, ...more }
}

const ID = index('_id_', { _id: UP }, { unique: true })
const EMAIL = index('email_1', { email: UP }, { unique: true })
const CREATED = index('created_at_1__id_1', { created_at: UP, _id: UP })
const NAME = index('sort_keys.name_1__id_1', { 'sort_keys.name': UP, _id: UP })
const ROLE = index('role', { 'grants.role': UP, created_at: UP, _id: UP }, { multikey: ['grants.role'] })
const INDEXES = [ID, EMAIL, CREATED, NAME, ROLE]

function planFor(filter: Doc, sort?: Doc, indexes: readonly IndexInfo[] = INDEXES, hint?: string | Doc): Plan {
  return plan(compileFilter(filter), sort, indexes, hint)
}

const summary = ({ kind, index: chosen, direction, providesSort, exact, dedupe, ranges }: Plan) => ({
  kind,
  index: chosen?.name,
  direction,
  providesSort,
  exact,
  dedupe,
  ranges: ranges.length,
})

const scanOf = (name: string, more: Partial<ReturnType<typeof summary>> = {}) => ({
  kind: 'IXSCAN',
  index: name,
  direction: 1,
  providesSort: true,
  exact: true,
  dedupe: false,
  ranges: 1,
  ...more,
})

const NEWEST = { created_at: DOWN, _id: DOWN }
const id = new ObjectId()

describe('the queries of a user list', () => {
  test('by _id: one range, nothing to recheck', () => {
    const chosen = planFor({ _id: id })
    expect(summary(chosen)).toEqual(scanOf('_id_', { kind: 'IDHACK' }))
    expect(chosen.ranges).toEqual([{ start: encodeValue(id), end: prefixEnd(encodeValue(id)) }])
    expect(chosen.boundsForExplain).toEqual({
      _id: [`[ObjectId('${id.toHexString()}'), ObjectId('${id.toHexString()}')]`],
    })
  })

  test('by _id and version: the rest is rechecked', () => {
    expect(summary(planFor({ _id: id, version: int(3), grants_end_at: null }))).toEqual(
      scanOf('_id_', { kind: 'IDHACK', exact: false }),
    )
  })

  test('by many _ids: a range each, in the order of the keys', () => {
    const ids = [new ObjectId(), new ObjectId(), id]
    const chosen = planFor({ _id: { $in: ids } })
    expect(summary(chosen)).toEqual(scanOf('_id_', { ranges: 3 }))
    expect(chosen.ranges.map((range) => range.start)).toEqual(ids.map(encodeValue).toSorted(Buffer.compare))
  })

  test('by a unique field', () => {
    expect(summary(planFor({ email: 'a@b.c' }))).toEqual(scanOf('email_1'))
  })

  test('a page in the default order: the index alone, backwards', () => {
    expect(summary(planFor({}, NEWEST))).toEqual(scanOf('created_at_1__id_1', { direction: -1 }))
  })

  test('the page after a cursor', () => {
    const filter = {
      'sort_keys.name': { $gte: 'm' },
      $or: [{ 'sort_keys.name': { $gt: 'm' } }, { 'sort_keys.name': 'm', _id: { $gt: id } }],
    }
    const chosen = planFor(filter, { 'sort_keys.name': UP, _id: UP })
    expect(summary(chosen)).toEqual(scanOf('sort_keys.name_1__id_1', { exact: false }))
    expect(chosen.ranges[0]?.start).toEqual(encodeValue('m'))
    expect(chosen.boundsForExplain).toEqual({ 'sort_keys.name': ['["m", {}]'], _id: ['[MinKey, MaxKey]'] })
  })

  test('the holders of a role, newest first', () => {
    const filter = {
      grants: {
        $elemMatch: { role: 'ADMIN', $or: [{ expires_at: null }, { expires_at: { $gt: new Date() } }] },
      },
    }
    expect(summary(planFor(filter, NEWEST))).toEqual(scanOf('role', { direction: -1, exact: false }))
  })

  test('names that begin with something', () => {
    const chosen = planFor({ 'sort_keys.name': new BSONRegExp('^jo\\.e') }, { 'sort_keys.name': UP })
    expect(summary(chosen)).toEqual(scanOf('sort_keys.name_1__id_1', { ranges: 2 }))
    expect(chosen.ranges[0]?.start.subarray(1).toString()).toBe('jo.e')
    expect(planFor({ 'sort_keys.name': new BSONRegExp('^jo.e') }).exact).toBe(false)
    expect(planFor({ 'sort_keys.name': new BSONRegExp('jo') }).kind).toBe('COLLSCAN')
    expect(planFor({ 'sort_keys.name': new BSONRegExp('^jo', 'i') }).kind).toBe('COLLSCAN')
    expect(planFor({ 'sort_keys.name': new BSONRegExp('^a|b') }).kind).toBe('COLLSCAN')
  })

  test('without an index: the whole collection, and a sort', () => {
    expect(summary(planFor({ age: int(3) }, { age: UP }))).toEqual({
      kind: 'COLLSCAN',
      index: undefined,
      direction: 1,
      providesSort: false,
      exact: false,
      dedupe: false,
      ranges: 1,
    })
  })
})

describe('the choice', () => {
  const A = index('a', { a: UP })
  const AB = index('ab', { a: UP, b: UP })
  const B = index('b', { b: UP })

  test.each<[string, Doc, Doc | undefined, readonly IndexInfo[], string | undefined]>([
    ['a unique key in full', { email: 'x', a: int(1) }, undefined, [A, EMAIL], 'email_1'],
    ['more equalities', { a: int(1), b: int(2) }, undefined, [A, B, AB], 'ab'],
    ['the narrower of equals', { a: int(1) }, undefined, [AB, A], 'a'],
    ['equality with the order', { a: int(1) }, { b: UP }, [A, AB], 'ab'],
    ['an order rather than a range', { a: { $gt: int(1) } }, { b: UP }, [A, B], 'b'],
    ['an order rather than an equality that says little', { a: true }, { b: UP }, [A, B], 'b'],
    ['nothing without bounds and order', { c: int(1) }, undefined, [A, B, AB], undefined],
    ['not the second field alone', { b: int(1) }, undefined, [AB], undefined],
  ])('%s', (_name, filter, sort, indexes, name) => {
    expect(planFor(filter, sort, indexes).index?.name).toBe(name)
  })

  test('sparse and partial indexes only where they have every match', () => {
    const sparse = index('s', { a: UP }, { sparse: true })
    const partial = index('p', { a: UP }, { partialFilter: { a: { $type: 'string' } } })
    const older = index('o', { b: UP }, { partialFilter: { a: { $gt: int(5) } } })
    expect(planFor({}, { a: UP }, [sparse]).kind).toBe('COLLSCAN')
    expect(planFor({ a: null }, undefined, [sparse]).kind).toBe('COLLSCAN')
    expect(planFor({ a: { $in: [null, int(1)] } }, undefined, [sparse]).kind).toBe('COLLSCAN')
    expect(planFor({ a: { $exists: true } }, { a: UP }, [sparse]).kind).toBe('IXSCAN')
    expect(planFor({ a: { $gt: int(1) } }, undefined, [sparse]).kind).toBe('IXSCAN')
    expect(planFor({ a: 'x' }, undefined, [partial]).kind).toBe('IXSCAN')
    expect(planFor({ a: { $in: ['x', int(1)] } }, undefined, [partial]).kind).toBe('COLLSCAN')
    expect(planFor({ a: int(1) }, undefined, [partial]).kind).toBe('COLLSCAN')
    expect(planFor({ b: int(1), a: { $gte: int(6) } }, undefined, [older]).kind).toBe('IXSCAN')
    expect(planFor({ b: int(1), a: { $gte: int(5) } }, undefined, [older]).kind).toBe('COLLSCAN')
    expect(planFor({ b: int(1), a: int(7) }, undefined, [older]).kind).toBe('IXSCAN')
    expect(planFor({ b: int(1) }, undefined, [older]).kind).toBe('COLLSCAN')
  })

  test('a hint decides, and an unknown one is an error', () => {
    expect(planFor({ a: int(1) }, undefined, [ID, A, AB], 'ab').index?.name).toBe('ab')
    expect(planFor({ a: int(1) }, undefined, [ID, A, AB], { a: int(1), b: int(1) }).index?.name).toBe('ab')
    expect(planFor({ _id: id }, undefined, [ID, A], 'a').index?.name).toBe('a')
    expect(planFor({ a: int(1) }, undefined, [A], { $natural: int(-1) })).toMatchObject({
      kind: 'COLLSCAN',
      direction: -1,
    })
    expect(() => planFor({}, undefined, [A], 'nope')).toThrow(expect.objectContaining({ code: 2 }))
  })

  test('a collation takes every index out of play', () => {
    const collation = compileCollation({ locale: 'en', strength: int(2) })
    expect(plan(compileFilter({ email: 'X' }, { collation }), undefined, INDEXES).kind).toBe('COLLSCAN')
  })

  test('what nothing can fulfil is not looked for', () => {
    for (const filter of [
      { a: { $gt: int(3), $lt: int(2) } },
      { a: { $in: [] } },
      { a: { $gt: null } },
      { a: { $all: [] } },
    ]) {
      expect(summary(planFor(filter, undefined, [A]))).toMatchObject({ kind: 'EOF', exact: true, ranges: 0 })
    }
  })

  test('more points than a scan may have are left to the recheck', () => {
    const half = Array.from({ length: SCAN_RANGES_MAX / 50 }, (_, i) => int(i))
    const chosen = planFor({ a: { $in: half }, b: { $in: half } }, undefined, [AB])
    expect(summary(chosen)).toMatchObject({ index: 'ab', ranges: half.length, exact: false })
  })
})

describe('order', () => {
  const ABC = index('abc', { a: UP, b: DOWN, c: UP })
  test.each<[string, Doc, Doc, 1 | -1 | undefined]>([
    ['as it is', {}, { a: UP, b: DOWN }, 1],
    ['turned round', {}, { a: DOWN, b: UP, c: DOWN }, -1],
    ['half turned', {}, { a: UP, b: UP }, undefined],
    ['after an equality', { a: int(1) }, { b: DOWN, c: UP }, 1],
    ['with the fixed field in it', { a: int(1) }, { a: DOWN, b: UP }, -1],
    ['beyond a field that is not fixed', {}, { b: DOWN }, undefined],
    ['after two values, merged', { a: { $in: [int(1), int(2)] } }, { b: DOWN }, 1],
    ['of the first field with two values', { a: { $in: [int(1), int(2)] } }, { a: UP }, 1],
    ['within equal keys by _id', {}, { a: UP, b: DOWN, c: UP, _id: UP }, 1],
    ['turned round, _id too', {}, { a: DOWN, b: UP, c: DOWN, _id: DOWN }, -1],
    ['_id the other way', {}, { a: UP, b: DOWN, c: UP, _id: DOWN }, undefined],
  ])('%s', (_name, filter, sort, direction) => {
    const chosen = planFor(filter, sort, [ABC], 'abc')
    expect(chosen.providesSort ? chosen.direction : undefined).toBe(direction)
  })

  test('not of an array field between bounds, nor of keys that are cut', () => {
    const many = index('a', { a: UP }, { multikey: ['a'] })
    expect(planFor({ a: { $gt: int(3) } }, { a: UP }, [many]).providesSort).toBe(false)
    expect(summary(planFor({}, { a: UP }, [many]))).toMatchObject({ providesSort: true, dedupe: true })
    const cut = index('a', { a: UP }, { truncatedKeys: true })
    expect(planFor({}, { a: UP }, [cut]).kind).toBe('COLLSCAN')
    expect(summary(planFor({ a: int(1) }, undefined, [cut]))).toMatchObject({ kind: 'IXSCAN', exact: false })
  })
})

describe('arrays', () => {
  const many = index('a', { 'a.x': UP, 'a.y': UP }, { multikey: ['a.x', 'a.y'] })

  test('two conditions bound together only within one $elemMatch', () => {
    expect(planFor({ 'a.x': int(1), 'a.y': int(2) }, undefined, [many]).boundsForExplain).toEqual({
      'a.x': ['[1, 1]'],
      'a.y': ['[MinKey, MaxKey]'],
    })
    expect(planFor({ a: { $elemMatch: { x: int(1), y: int(2) } } }, undefined, [many]).boundsForExplain).toEqual({
      'a.x': ['[1, 1]'],
      'a.y': ['[2, 2]'],
    })
  })

  test('two ends of a range may be met by two elements', () => {
    const one = index('b', { b: UP }, { multikey: ['b'] })
    const range = { $gte: int(1), $lte: int(5) }
    expect(summary(planFor({ b: range }, undefined, [one]))).toMatchObject({ exact: false, dedupe: true })
    expect(planFor({ b: { $elemMatch: range } }, undefined, [one]).boundsForExplain).toEqual({ b: ['[1, 5]'] })
    expect(planFor({ b: range }, undefined, [index('b', { b: UP })]).boundsForExplain).toEqual({ b: ['[1, 5]'] })
  })
})
