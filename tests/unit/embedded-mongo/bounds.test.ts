import { Int32 } from 'bson'
import { boundedSize } from '../../../src/embedded-mongo/bson/bounded-size'
import { CommandError } from '../../../src/embedded-mongo/bson/errors'
import { MemoryPool } from '../../../src/embedded-mongo/memory-pool'
import { compileExpression } from '../../../src/embedded-mongo/query/expression'
import { guarded } from '../../../src/embedded-mongo/query/guard'
import { type Holder, Traffic } from '../../../src/embedded-mongo/traffic'

const codeOf = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error instanceof CommandError ? error.code : error
  }
  return undefined
}

describe('the size of a value', () => {
  it('is about that of its BSON', () => {
    expect(boundedSize({ a: 'x'.repeat(1_000), b: [new Int32(1)] }, 2_000)).toBeGreaterThan(1_000)
    expect(codeOf(() => boundedSize('x'.repeat(3_000), 2_000))).toBe(10334)
  })

  it('is not counted to its end when it names one part twice, time and again', () => {
    let value: unknown = [1]
    for (let i = 0; i < 100; i++) value = { a: value, b: value }
    expect(codeOf(() => boundedSize(value, 1_000_000))).toBe(10334)
  })

  it('and neither is its depth', () => {
    let value: unknown = 1
    for (let i = 0; i < 100_000; i++) value = [value]
    expect(codeOf(() => boundedSize(value, 1_000_000))).toBe(15)
  })
})

describe('work on one document', () => {
  const numbers = Array.from({ length: 5_000 }, (_, i) => new Int32(i))
  const map = (input: unknown, of: unknown): unknown => ({ $map: { input, in: of } })

  it.each<[string, unknown]>([
    ['arrays over arrays', map('$numbers', map('$numbers', map('$numbers', '$$this')))],
    ['ranges over ranges', map({ $range: [0, 100_000] }, { $range: [0, 100_000] })],
    ['comparisons of large arrays', map('$numbers', { $eq: ['$numbers', { $slice: ['$numbers', 4_999] }] })],
    ['sums of large arrays', map('$numbers', { $sum: '$numbers' })],
  ])('is stopped when it would take for ever: %s', (_, expression) => {
    const evaluate = compileExpression(expression)
    expect(codeOf(() => guarded(() => evaluate({ numbers })))).toBe(50)
  })

  it('is done when it is much, but not too much', () => {
    const evaluate = compileExpression({ $size: { $setIntersection: ['$numbers', { $reverseArray: '$numbers' }] } })
    expect(guarded(() => evaluate({ numbers }))).toEqual(new Int32(5_000))
  })
})

describe('the memory that operations share', () => {
  it('is taken from those that can do without, and then refused', () => {
    let idle = 60
    const pool = new MemoryPool(100, () => {
      if (idle === 0) return false
      pool.give(idle)
      idle = 0
      return true
    })
    pool.take(60)
    pool.take(90)
    expect(idle).toBe(0)
    expect(codeOf(() => pool.take(20))).toBe(292)
    pool.give(90)
    pool.take(100)
  })
})

describe('the memory that connections share', () => {
  function holder(heldBytes: number): Holder & { heldBytes: number; destroyed: boolean } {
    const made = { heldBytes, destroyed: false, destroy: () => void (made.destroyed = true) }
    return made
  }

  it('is taken from the one that holds most', () => {
    const traffic = new Traffic(100)
    const [small, large, another] = [holder(10), holder(80), holder(30)]
    traffic.account(small)
    traffic.account(large)
    expect(large.destroyed).toBe(false)
    traffic.account(another)
    expect([small, large, another].map(({ destroyed }) => destroyed)).toEqual([false, true, false])
  })

  it('comes back when it is given up', () => {
    const traffic = new Traffic(100)
    const one = holder(90)
    traffic.account(one)
    one.heldBytes = 0
    traffic.account(one)
    const other = holder(90)
    traffic.account(other)
    expect([one.destroyed, other.destroyed]).toEqual([false, false])
  })
})
