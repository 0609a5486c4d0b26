import fc from 'fast-check'
import { nextDelayMs, readRetryAfter } from '../../../src/client/retry-timing'

describe('nextDelayMs', () => {
  const backoff = { baseMs: 100, factor: 2, capMs: 1_000 }

  it('spreads each wait from nothing to a ceiling that doubles up to the cap', () => {
    const ceilings = [1, 2, 3, 4, 5, 50].map((attempt) => nextDelayMs(attempt, undefined, 1, backoff))

    expect(ceilings).toEqual([100, 200, 400, 800, 1_000, 1_000])
    expect(nextDelayMs(5, undefined, 0, backoff)).toBe(0)
    expect(nextDelayMs(5, undefined, 0.5, backoff)).toBe(500)
  })

  it('waits at least as long as the server asked, and little longer', () => {
    const attempt = fc.integer({ min: 1, max: 2_000 })
    const asked = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(attempt, asked, fc.double({ min: 0, max: 1, noNaN: true }), (number, askedMs, random) => {
        const delay = nextDelayMs(number, askedMs, random, backoff)
        expect(delay).toBeGreaterThanOrEqual(askedMs)
        expect(delay).toBeLessThanOrEqual(askedMs + backoff.baseMs)
      }),
    )
  })
})

describe('readRetryAfter', () => {
  const now = Date.parse('2026-01-31T09:30:00Z')

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Sat, 31 Jan 2026 09:30:05 GMT', 5_000],
    ['Saturday, 31-Jan-26 09:30:05 GMT', 5_000],
    ['Sat, 31 Jan 2026 09:29:00 GMT', 0],
  ])('reads %j', (header, expected) => {
    expect(readRetryAfter(header, now)).toBe(expected)
  })

  it.each([undefined, '', '-5', '2.5', '0x10', 'soon', 'Infinity'])('does not read %j', (header) => {
    expect(readRetryAfter(header, now)).toBeUndefined()
  })
})
