import type { FieldTable } from '../../../src/filter/filter'
import { parseInstant } from '../../../src/filter/instant'
import { FILTER_DEPTH_MAX, parseFilter } from '../../../src/filter/scim-filter'
import { FilterError } from '../../../src/filter/scim-tokens'

const FIELDS: FieldTable = {
  name: 'text',
  age: 'number',
  is_active: 'boolean',
  created_at: 'instant',
  id: 'id',
  roles: 'set',
  'metadata.*': 'free',
}

const parse = (text: string) => parseFilter(text, FIELDS)
const name = (operator: string, value: unknown) => ({ kind: 'compare', field: 'name', operator, value })

test('and binds closer than or, not and parentheses closest', () => {
  const a = name('eq', 'a')
  const b = name('eq', 'b')
  const c = name('eq', 'c')
  const text = { a: 'name eq "a"', b: 'name eq "b"', c: 'name eq "c"' }
  const or = (...parts: unknown[]) => ({ kind: 'or', parts })
  const and = (...parts: unknown[]) => ({ kind: 'and', parts })
  expect(parse(`${text.a} or ${text.b} and ${text.c}`)).toEqual(or(a, and(b, c)))
  expect(parse(`(${text.a} or ${text.b}) and ${text.c}`)).toEqual(and(or(a, b), c))
  expect(parse(`not (${text.a}) and ${text.b}`)).toEqual(and({ kind: 'not', part: a }, b))
  expect(parse(`${text.a} and ${text.b} and ${text.c}`)).toEqual(and(a, b, c))
  expect(parse(`((${text.a}))`)).toEqual(a)
})

test.each<[string, object]>([
  ['NAME Eq "x"', name('eq', 'x')],
  ['name pr', { kind: 'present', field: 'name' }],
  ['  name   co  "a \\"b\\" \\u00e9"  ', name('co', 'a "b" é')],
  ['name eq "not (x) and y"', name('eq', 'not (x) and y')],
  ['name ne null', name('ne', null)],
  ['age ge -1.5e2', { kind: 'compare', field: 'age', operator: 'ge', value: -150 }],
  ['is_active eq true', { kind: 'compare', field: 'is_active', operator: 'eq', value: true }],
  ['created_at lt "2026-01-01T00:00:00+01:00"', { kind: 'compare', field: 'created_at', operator: 'lt', value: new Date('2025-12-31T23:00:00Z') }], // prettier-ignore
  ['Metadata.Plan-A.x_1 eq 5', { kind: 'compare', field: 'metadata.Plan-A.x_1', operator: 'eq', value: 5 }],
  ['roles co "AD"', { kind: 'compare', field: 'roles', operator: 'co', value: 'AD' }],
])('%s', (text, expected) => {
  expect(parse(text)).toEqual(expected)
})

test.each<[string, number]>([
  ['', 0],
  ['name', 4],
  ['name xx "a"', 5],
  ['name eq', 7],
  ['name eq a', 8],
  ["name eq 'a'", 8],
  ['name eq "a', 8],
  ['name eq "a\\x"', 8],
  ['name eq "a" "b"', 12],
  ['name eq "a" and', 15],
  ['and name eq "a"', 0],
  ['not name eq "a"', 0],
  ['(name eq "a"', 12],
  ['name eq "a")', 11],
  ['()', 1],
  ['"a" eq name', 0],
  ['nope eq "a"', 0],
  ['constructor pr', 0],
  ['name.first eq "a"', 0],
  ['metadata eq "a"', 0],
  ['metadata. pr', 0],
  ['metadata.a..b pr', 0],
  ['metadata.__proto__ pr', 0],
  ['emails[type eq "work"] pr', 6],
  ['name gt 5', 8],
  ['name eq true', 8],
  ['name gt null', 8],
  ['age eq "5"', 7],
  ['age co 5', 4],
  ['age eq 5x', 7],
  ['is_active gt true', 10],
  ['created_at gt "yesterday"', 14],
  ['id co "a"', 3],
  ['roles gt "A"', 6],
  ['metadata.a co 5', 14],
  ['metadata.a gt true', 14],
  ['name eq {"a":1}', 8],
])('%p is no filter: the mistake is at %i', (text, position) => {
  let error: unknown
  try {
    parse(text)
  } catch (reason) {
    error = reason
  }
  expect(error).toBeInstanceOf(FilterError)
  expect((error as FilterError).position).toBe(position)
})

test('is nested so deep and no deeper', () => {
  const nested = (depth: number) => `${'('.repeat(depth)}name pr${')'.repeat(depth)}`
  expect(parse(nested(FILTER_DEPTH_MAX))).toEqual({ kind: 'present', field: 'name' })
  expect(() => parse(nested(FILTER_DEPTH_MAX + 1))).toThrow('is nested more than 8 deep')
})

test('a long filter of any kind is read, or refused, at once', () => {
  const begin = performance.now()
  for (const text of [
    '"'.repeat(2_000),
    '\\'.repeat(2_000),
    `name eq "${'\\\\'.repeat(990)}`,
    '1'.repeat(2_000),
    'a.'.repeat(1_000),
    '('.repeat(2_000),
  ]) {
    expect(() => parse(text)).toThrow(FilterError)
  }
  expect(performance.now() - begin).toBeLessThan(500)
})

test.each<[string, string | undefined]>([
  ['2026-02-28T23:59:59Z', '2026-02-28T23:59:59.000Z'],
  ['2028-02-29t00:00:00.123456z', '2028-02-29T00:00:00.123Z'],
  ['2026-01-01T00:00:00-02:30', '2026-01-01T02:30:00.000Z'],
  ['2026-02-29T00:00:00Z', undefined],
  ['2026-13-01T00:00:00Z', undefined],
  ['2026-01-01T24:00:00Z', undefined],
  ['2026-01-01T00:60:00Z', undefined],
  ['2026-01-01T00:00:00', undefined],
  ['2026-01-01', undefined],
  ['2026-01-01 00:00:00Z', undefined],
  ['2026-01-01T00:00:00+99:00', undefined],
])('the point in time %s', (text, expected) => {
  expect(parseInstant(text)?.toISOString()).toBe(expected)
})
