import { patternCost } from '../../../../src/embedded-mongo/query/pattern-cost'

/** Steps, as a power of two, that the engine makes without a guard. */
const FREE = 20

it.each([
  ['^abc', 10_000],
  ['abc', 10_000],
  ['^[a-z]+@example\\.com$', 10_000],
  ['foo.*bar', 300],
  ['^(?:foo|bar)+$', 10_000],
  ['(9|8)+$', 300],
  ['^\\d{4}-\\d{2}$', 10_000],
  ['\\(a\\+\\)\\+', 1_000],
  ['[(a+)+]', 1_000],
])('%s is free on %d characters', (source, length) => {
  expect(patternCost(source)(length)).toBeLessThanOrEqual(FREE)
})

it.each([
  ['^(a+)+$', 30],
  ['^(a|a)*$', 30],
  ['^(a|aa)+$', 30],
  ['(x+x+)+y', 30],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 30],
  ['a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa', 30],
  ['(.*)(.*)(.*)(.*)x', 100],
  ['^(\\w+\\s?)*$', 30],
  ['(?:a{0,50}){50}b', 50],
  ['(a', 1],
])('%s is not, on %d', (source, length) => {
  expect(patternCost(source)(length)).toBeGreaterThan(FREE)
})
