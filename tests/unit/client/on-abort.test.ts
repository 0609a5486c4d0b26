import { getEventListeners } from 'node:events'
import { systemClock } from '../../../src/client/clock'
import { onAbort } from '../../../src/client/on-abort'

it('tells all, and has one listener however many they are', () => {
  const controller = new AbortController()
  const told: number[] = []
  const ends = Array.from({ length: 100 }, (_, index) => onAbort(controller.signal, () => void told.push(index)))

  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
  ends[0]!()
  controller.abort()
  expect(told).toHaveLength(99)
})

it('leaves nothing behind, and begins anew', () => {
  const controller = new AbortController()
  const told: string[] = []
  const listenNoMore = onAbort(controller.signal, () => void told.push('first'))
  listenNoMore()
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)

  onAbort(controller.signal, () => void told.push('second'))
  // Said twice, it takes nothing away from those who came later.
  listenNoMore()
  controller.abort()
  expect(told).toEqual(['second'])
})

it('a wait ends with the signal, and takes its listener with it', async () => {
  const controller = new AbortController()
  const { signal } = controller
  await Promise.all(Array.from({ length: 20 }, () => systemClock.sleep(1, signal)))
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)

  const waits = Array.from({ length: 20 }, () => systemClock.sleep(60_000, signal))
  controller.abort(new Error('stop'))
  const ended = await Promise.allSettled(waits)
  expect(ended.every((one) => one.status === 'rejected' && (one.reason as Error).message === 'stop')).toBe(true)
})
