import { whenOrphaned } from '../../src/parent-watch'

const ORIGINAL = Object.getOwnPropertyDescriptor(process, 'ppid')!
const setParent = (pid: number) => Object.defineProperty(process, 'ppid', { configurable: true, value: pid })

beforeEach(() => jest.useFakeTimers())
afterEach(() => {
  Object.defineProperty(process, 'ppid', ORIGINAL)
  jest.useRealTimers()
})

it('acts once when the parent has changed, and not before', () => {
  const act = jest.fn()
  setParent(1_000_000_001)
  whenOrphaned(act)
  jest.advanceTimersByTime(60_000)
  expect(act).not.toHaveBeenCalled()

  setParent(1)
  jest.advanceTimersByTime(500)
  expect(act).toHaveBeenCalledTimes(1)
  setParent(2)
  jest.advanceTimersByTime(60_000)
  expect(act).toHaveBeenCalledTimes(1)
})
