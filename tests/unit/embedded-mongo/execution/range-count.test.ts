import { RangeCount } from '../../../../src/embedded-mongo/execution/range-count'
import type { Slice } from '../../../../src/embedded-mongo/execution/slice'
import type { ByteRange, Entry, Tree } from '../../../../src/embedded-mongo/storage/tree'

const key = (n: number): Buffer => {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(n, 1)
  bytes[0] = 1
  return bytes
}

/** The keys 0 … size − 1. A key that is longer than those is just behind the one that it begins with. */
function numbersTree(size: number): Tree {
  const at = (bound: Buffer) => Math.min(size, bound[0] === 0 ? 0 : bound.readUInt32BE(1) + Number(bound.length > 5))
  const between = ({ start, end }: ByteRange) => [at(start), end === undefined ? size : at(end)] as const
  return {
    count: size,
    countIn: (range: ByteRange) => {
      const [from, to] = between(range)
      return Math.max(0, to - from)
    },
    *range(range: ByteRange, _direction: 1, after?: Buffer, offset = 0): Generator<Entry> {
      const [from, to] = between(range)
      const first = (after === undefined ? from : after.readUInt32BE(1) + 1) + offset
      if (first < to) yield { key: key(first), value: Buffer.alloc(0) }
    },
  } as unknown as Tree
}

const endless = { isOver: () => false } as unknown as Slice
const over = { isOver: () => true } as unknown as Slice

describe('RangeCount', () => {
  it.each([
    ['a small tree', 50_000],
    ['a tree that is counted in pieces', 1_000_000],
  ])('counts several ranges of %s', (_name, size) => {
    const ranges = [
      { start: key(10), end: key(20) },
      { start: key(30), end: key(1_030) },
      { start: key(2_000), end: key(size - 5) },
      { start: key(size - 1), end: undefined },
    ]
    const counter = new RangeCount(numbersTree(size), ranges)
    expect(counter.step(endless, Infinity)).toBe(true)
    expect(counter.count).toBe(10 + 1_000 + (size - 2_005) + 1)
  })

  it('goes on where its slice was over', () => {
    const counter = new RangeCount(numbersTree(1_000_000), [
      { start: key(1), end: key(700_000) },
      { start: key(800_000), end: undefined },
    ])
    let steps = 1
    while (!counter.step(over, Infinity)) steps++
    expect(counter.count).toBe(699_999 + 200_000)
    expect(steps).toBeGreaterThan(5)
  })

  it('stops when there are enough', () => {
    const counter = new RangeCount(numbersTree(1_000_000), [{ start: key(0), end: undefined }])
    expect(counter.step(endless, 1_500)).toBe(true)
    expect(counter.count).toBeGreaterThanOrEqual(1_500)
    expect(counter.count).toBeLessThan(10_000)
  })

  it('counts nothing where there is nothing', () => {
    const counter = new RangeCount(numbersTree(0), [{ start: key(0), end: undefined }])
    expect(counter.step(endless, Infinity)).toBe(true)
    expect(counter.count).toBe(0)
  })
})
