import { SharedRefusals } from '../../../src/limits/shared-refusals'

const sleepTick = () => new Promise<void>((resolve) => setImmediate(resolve))

test('one after the other; a refusal is told to all who wait, and later ones ask anew', async () => {
  const refusals = new SharedRefusals()
  let asked = 0
  let running = 0
  const ask = async () => {
    running += 1
    expect(running).toBe(1)
    await sleepTick()
    running -= 1
    return ++asked > 3 ? 700 : 0
  }
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => refusals.ask('one', ask)))
  expect(outcomes).toEqual([0, 0, 0, ...Array<number>(47).fill(700)])
  expect(asked).toBe(4)
  expect(await refusals.ask('one', async () => 0)).toBe(0)
})

test('keys do not wait for each other', async () => {
  const refusals = new SharedRefusals()
  const never = refusals.ask('one', () => new Promise<number>(() => undefined))
  expect(await refusals.ask('two', async () => 5)).toBe(5)
  expect(never).toBeInstanceOf(Promise)
})

test('what goes wrong is told to all who wait, and is over then', async () => {
  const refusals = new SharedRefusals()
  let asked = 0
  const ask = async (): Promise<number> => {
    asked += 1
    await sleepTick()
    throw new Error('the store is gone')
  }
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => refusals.ask('one', ask)))
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(asked).toBe(1)
  expect(await refusals.ask('one', async () => 0)).toBe(0)
})
