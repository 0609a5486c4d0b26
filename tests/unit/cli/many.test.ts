import { overMany, type Outcome } from '../../../src/cli/many'

const settled = () => new Promise((resolve) => setImmediate(resolve))

function gathering() {
  const outcomes: Outcome<number, string>[] = []
  return { outcomes, onOutcome: (outcome: Outcome<number, string>) => void outcomes.push(outcome) }
}

it('works on several at once, and tells what came of each', async () => {
  const { outcomes, onOutcome } = gathering()
  let atWork = 0
  let most = 0
  const ending = await overMany([1, 2, 3, 4, 5, 6], {
    signal: new AbortController().signal,
    atOnce: 3,
    onOutcome,
    goesOn: () => true,
    work: async (item) => {
      most = Math.max(most, (atWork += 1))
      await settled()
      atWork -= 1
      if (item === 4) throw new Error('four')
      return `done ${item}`
    },
  })

  expect(ending).toBeUndefined()
  expect(most).toBe(3)
  expect(outcomes.filter(({ error }) => error === undefined)).toHaveLength(5)
  expect(outcomes.find(({ item }) => item === 4)?.error).toEqual(new Error('four'))
})

it('begins nothing new after an error that ends it', async () => {
  const { outcomes, onOutcome } = gathering()
  const ending = await overMany([1, 2, 3, 4, 5, 6], {
    signal: new AbortController().signal,
    atOnce: 2,
    onOutcome,
    goesOn: () => false,
    work: async (item) => {
      if (item === 2) throw new Error('nobody answers')
      await settled()
      return 'done'
    },
  })

  expect(ending).toEqual(new Error('nobody answers'))
  expect(outcomes.map(({ item }) => item).sort()).toEqual([1, 2])
})

it('lets what is at work come to its end when it is interrupted, and begins nothing new', async () => {
  const { outcomes, onOutcome } = gathering()
  const interrupt = new AbortController()
  await overMany([1, 2, 3, 4], {
    signal: interrupt.signal,
    atOnce: 2,
    onOutcome,
    goesOn: () => true,
    work: async (item, signal) => {
      if (item === 2) interrupt.abort()
      await settled()
      signal.throwIfAborted()
      return 'done'
    },
  })

  expect(outcomes.map(({ item, result }) => [item, result])).toEqual([
    [1, 'done'],
    [2, 'done'],
  ])
})

it('does not wait for ever for what is at work', async () => {
  const { outcomes, onOutcome } = gathering()
  const interrupt = new AbortController()
  const reason = new Error('interrupted')
  await overMany([1], {
    signal: interrupt.signal,
    graceMs: 1,
    onOutcome,
    goesOn: () => true,
    work: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
        interrupt.abort(reason)
      }),
  })

  expect(outcomes).toEqual([{ item: 1, error: reason }])
})

it('passes on the fault of what it reads from', async () => {
  const reading = async function* () {
    yield 1
    throw new Error('the disk is gone')
  }
  const { outcomes, onOutcome } = gathering()
  const ending = await overMany(reading(), {
    signal: new AbortController().signal,
    onOutcome,
    goesOn: () => true,
    work: async () => 'done',
  })

  expect(ending).toEqual(new Error('the disk is gone'))
  expect(outcomes).toHaveLength(1)
})
