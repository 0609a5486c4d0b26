import { LargeRead, readLarge } from '../../../../src/embedded-mongo/execution/large-read'
import { Slice } from '../../../../src/embedded-mongo/execution/slice'

/** How many have been begun and not ended. */
let open = 0
let openMax = 0

/** Takes several slices. */
function* slow(value: number): Generator<undefined, number> {
  openMax = Math.max(openMax, ++open)
  for (let piece = 0; piece < 8; piece++) {
    const end = performance.now() + 2
    while (performance.now() < end);
    yield
  }
  open--
  return value
}

beforeEach(() => {
  open = 0
  openMax = 0
})

it('large documents that are wanted at once are read one after the other', async () => {
  const values = Array.from({ length: 10 }, (_, n) => n)
  expect(await Promise.all(values.map((value) => readLarge(() => slow(value))))).toEqual(values)
  expect([open, openMax]).toEqual([0, 1])
})

it('who reads many lets others read in between', async () => {
  const order: string[] = []
  const readMany = async (name: string): Promise<void> => {
    for (let n = 1; n <= 3; n++) order.push(`${name}${await readLarge(() => slow(n))}`)
  }
  await Promise.all(['a', 'b', 'c'].map(readMany))
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'])
})

it('nobody waits for one whose rest is not wanted any more, or that has failed', async () => {
  expect(new LargeRead(() => slow(0)).run(new Slice())).toBe('paused')
  expect(await Promise.all([1, 2].map((value) => readLarge(() => slow(value))))).toEqual([1, 2])
  const failing = readLarge(() => {
    throw new Error('unreadable')
  })
  await expect(failing).rejects.toThrow('unreadable')
  expect(await readLarge(() => slow(3))).toBe(3)
})
