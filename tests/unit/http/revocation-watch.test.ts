import { FRESH_MS, POLL_EVERY_MS, RevocationWatch, WINDOW_MS } from '../../../src/http/revocation-watch'

const START = new Date('2026-03-01T12:00:00.000Z')
type Answer = readonly string[] | 'all'

/** A watch whose time and timers the test moves. */
function setUp() {
  const state = { ms: 1_000, answer: [] as Answer | Error, timers: [] as { work: () => void; ms: number }[] }
  const asked: Date[] = []
  const dropped: Answer[] = []
  const troubles: unknown[] = []
  const watch = new RevocationWatch({
    clock: () => new Date(START.getTime() + state.ms),
    monotonicMs: () => state.ms,
    onTrouble: (error) => troubles.push(error),
    setTimer: (work, ms) => {
      state.timers.push({ work, ms })
      return {}
    },
  })
  watch.add({
    changedSince: async (since) => {
      asked.push(since)
      if (state.answer instanceof Error) throw state.answer
      return state.answer
    },
    drop: (keys) => dropped.push(keys),
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  /** Lets the time pass that the next question waits for. */
  const poll = async (answer: Answer | Error = []) => {
    const timer = state.timers.shift()
    if (!timer) throw new Error('Nobody asks any more')
    state.answer = answer
    state.ms += timer.ms
    timer.work()
    await settle()
  }
  return { watch, state, asked, dropped, troubles, settle, poll }
}

it('asks from the first need on, and drops everything before it is believed', async () => {
  const { watch, asked, dropped, settle, state } = setUp()
  expect(asked).toEqual([])
  expect(watch.isFresh()).toBe(false)
  await settle()
  expect(dropped).toEqual(['all'])
  expect(asked).toEqual([new Date(START.getTime() + state.ms - WINDOW_MS)])
  expect(watch.isFresh()).toBe(true)
})

it('asks again and again, and drops what it is told', async () => {
  const { watch, dropped, settle, poll, state } = setUp()
  watch.isFresh()
  await settle()
  expect(state.timers.map(({ ms }) => ms)).toEqual([POLL_EVERY_MS])
  await poll(['john'])
  watch.isFresh()
  await poll('all')
  expect(dropped).toEqual(['all', ['john'], 'all'])
})

it('a missing answer ends the trust in time, and is told once', async () => {
  const { watch, settle, poll, state, troubles, dropped } = setUp()
  watch.isFresh()
  await settle()
  const trusted = state.ms + FRESH_MS
  await poll(new Error('no store'))
  expect(watch.isFresh()).toBe(true)
  await poll(new Error('no store'))
  state.ms = trusted
  expect(watch.isFresh()).toBe(true)
  state.ms += 1
  expect(watch.isFresh()).toBe(false)
  expect(troubles).toEqual([new Error('no store')])

  await poll(['john'])
  expect(watch.isFresh()).toBe(true)
  expect(dropped.at(-1)).toEqual(['john'])
  await poll(new Error('again'))
  expect(troubles).toHaveLength(2)
})

it('after a long silence everything is dropped', async () => {
  const { watch, settle, poll, state, dropped } = setUp()
  watch.isFresh()
  await settle()
  await poll(new Error('no store'))
  state.ms += 6_000
  watch.isFresh()
  await poll(['john'])
  expect(dropped.at(-1)).toBe('all')
})

it('sleeps when nobody needs it, and wakes up with nothing believed', async () => {
  const { watch, settle, poll, state, dropped } = setUp()
  watch.isFresh()
  await settle()
  for (let n = 0; n < 100 && state.timers.length > 0; n++) await poll()
  expect(state.timers).toEqual([])
  state.ms += 60_000
  expect(watch.isFresh()).toBe(false)
  await settle()
  expect(watch.isFresh()).toBe(true)
  expect(dropped.at(-1)).toBe('all')
})

it('a source that was added later is asked before anything is believed again', async () => {
  const { watch, settle, poll } = setUp()
  watch.isFresh()
  await settle()
  const dropped: Answer[] = []
  watch.add({ changedSince: async () => ['key'], drop: (keys) => dropped.push(keys) })
  expect(watch.isFresh()).toBe(false)
  await poll()
  expect(watch.isFresh()).toBe(true)
  expect(dropped).toEqual(['all'])
})

it('one that is added during a question waits for the next one', async () => {
  const { watch, settle } = setUp()
  watch.isFresh()
  watch.add({ changedSince: async () => [], drop: () => undefined })
  await settle()
  expect(watch.isFresh()).toBe(false)
})

it('closed, it asks nobody and believes nothing', async () => {
  const { watch, settle, poll, state, asked } = setUp()
  watch.isFresh()
  await settle()
  watch.close()
  expect(watch.isFresh()).toBe(false)
  await poll(new Error('the connection is closed'))
  expect(state.timers).toEqual([])
  const before = asked.length
  expect(watch.isFresh()).toBe(false)
  await settle()
  expect(asked).toHaveLength(before)
})

it('a source that fails keeps no other from dropping what it told: it may tell it but once', async () => {
  const { watch, settle, poll, troubles } = setUp()
  const told: Answer[] = []
  let change: readonly string[] = []
  watch.add({
    changedSince: async () => {
      const news = change
      change = []
      return news
    },
    drop: (keys) => told.push(keys),
  })
  watch.isFresh()
  await settle()
  told.length = 0
  change = ['ROLE']
  await poll(new Error('down'))

  expect(troubles).toHaveLength(1)
  expect(told).toEqual([['ROLE']])
})
