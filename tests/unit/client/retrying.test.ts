import { RetryBudget } from '../../../src/client/retry-budget'
import { retry } from '../../../src/client/retry-decorator'
import { type RetryOptions, retrying } from '../../../src/client/retrying'
import { failing, testClock } from './support'

const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
const answered = (status: number, more = {}) => Object.assign(new Error(`answered ${status}`), { status, ...more })

const setUp = (options: RetryOptions = {}) => {
  const clock = testClock()
  return { clock, options: { clock, random: () => 1, backoff: { baseMs: 100, factor: 2, capMs: 1_000 }, ...options } }
}

describe('retrying', () => {
  it('tries again after longer and longer waits, until it succeeds', async () => {
    const { clock, options } = setUp()
    const { work, calls } = failing([reset, answered(500), answered(429)], 'done')

    expect(await retrying(work, options)).toBe('done')
    expect(calls()).toBe(4)
    expect(clock.waits).toEqual([100, 200, 400])
  })

  it('gives up after the number of retries, with the last error', async () => {
    const { options } = setUp({ retries: 2 })
    const { work, calls } = failing([reset, reset, answered(503), reset], 'done')

    await expect(retrying(work, options)).rejects.toThrow('answered 503')
    expect(calls()).toBe(3)
  })

  it.each([
    ['400', answered(400)],
    ['404', answered(404)],
    ['409', answered(409)],
    ['412', answered(412)],
    ['a mistake in the program', new TypeError('undefined is not a function')],
    ['something that is no error', 'text'],
  ])('does not try again after %s', async (_, error) => {
    const { options } = setUp()
    const { work, calls } = failing([error], 'done')

    await expect(retrying(work, options)).rejects.toBe(error)
    expect(calls()).toBe(1)
  })

  it.each([
    ['500', answered(500)],
    ['503', answered(503)],
    ['429', answered(429)],
    ['a time-out', Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ['what the fetch of a browser says of a network that fails', new TypeError('Failed to fetch')],
    ['what fetch says of a refused connection', new TypeError('fetch failed', { cause: reset })],
  ])('tries again after %s', async (_, error) => {
    const { options } = setUp()

    expect(await retrying(failing([error], 'done').work, options)).toBe('done')
  })

  it('waits as long as the server asked for', async () => {
    const { clock, options } = setUp({ random: () => 0 })

    await retrying(failing([answered(503, { retryAfterMs: 7_000 })], 'done').work, options)
    expect(clock.waits).toEqual([7_000])
  })

  it('does not begin a wait that would last beyond the total time-out', async () => {
    const { clock, options } = setUp({ totalTimeoutMs: 5_000 })
    const { work, calls } = failing([answered(503, { retryAfterMs: 5_000 })], 'done')

    await expect(retrying(work, options)).rejects.toThrow('answered 503')
    expect(calls()).toBe(1)
    expect(clock.waits).toEqual([])
  })

  it('tells the work what is left of the time', async () => {
    const { options } = setUp({ totalTimeoutMs: 1_000 })
    const left: number[] = []
    await retrying(async ({ number, remainingMs }) => {
      left.push(remainingMs)
      if (number < 3) throw reset
    }, options)

    expect(left).toEqual([1_000, 900, 700])
  })

  it('ends with the reason of the signal, also while it waits', async () => {
    const controller = new AbortController()
    const reason = new Error('stop')
    const work = async () => {
      setImmediate(() => controller.abort(reason))
      throw answered(503, { retryAfterMs: 60_000 })
    }

    await expect(retrying(work, { signal: controller.signal })).rejects.toBe(reason)
  })

  it('takes an abort for final, whatever its reason looks like', async () => {
    const signal = AbortSignal.abort(Object.assign(new Error('late'), { name: 'TimeoutError' }))
    const { work, calls } = failing([], 'done')

    await expect(retrying(work, { signal })).rejects.toThrow('late')
    expect(calls()).toBe(0)
  })
})

describe('RetryBudget', () => {
  it('stops retries when too many calls fail, and allows them again with successes or time', async () => {
    const { clock, options } = setUp({ retries: 1 })
    const budget = new RetryBudget({ capacity: 3, perSuccess: 0.5, perSecond: 1, clock: { now: () => 0 } })
    const failingCall = () => retrying(failing([reset, reset], '').work, { ...options, budget }).catch(() => undefined)

    for (let call = 1; call <= 10; call += 1) await failingCall()
    expect(clock.waits).toHaveLength(3)

    await retrying(async () => 'fine', { ...options, budget })
    await failingCall()
    expect(clock.waits).toHaveLength(3)
    await retrying(async () => 'fine', { ...options, budget })
    await failingCall()
    expect(clock.waits).toHaveLength(4)
  })

  it('earns with time, up to its capacity', () => {
    const clock = testClock()
    const budget = new RetryBudget({ capacity: 2, perSuccess: 0, perSecond: 1, clock })
    const taken = () => [budget.take(), budget.take(), budget.take()]

    expect(taken()).toEqual([true, true, false])
    clock.pass(1_000)
    expect(taken()).toEqual([true, false, false])
    clock.pass(3_600_000)
    expect(taken()).toEqual([true, true, false])
  })
})

describe('@retry', () => {
  it('makes a method try again, with its own this and arguments', async () => {
    const { options } = setUp()
    class Directory {
      calls = 0
      constructor(readonly name: string) {}

      @retry({ ...options, retries: 2 })
      async find(id: string): Promise<string> {
        this.calls += 1
        if (this.calls < 3) throw reset
        return `${this.name}/${id}`
      }
    }
    const directory = new Directory('people')

    expect(await directory.find('7')).toBe('people/7')
    expect(directory.calls).toBe(3)
  })

  const decorated = (options: RetryOptions, errors: readonly unknown[]) => {
    const { work, calls } = failing(errors, 'done')
    class Directory {
      @retry(options)
      find(): Promise<string> {
        return work()
      }

      @retry(options)
      static async all(): Promise<string> {
        return work()
      }
    }
    return { Directory, calls }
  }

  it('waits longer and longer up to the cap, by the clock that it is given', async () => {
    const { clock, options } = setUp({ retries: 6 })
    const { Directory } = decorated(options, Array(6).fill(reset))

    expect(await new Directory().find()).toBe('done')
    expect(clock.waits).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  it('waits anything up to that, by the random numbers that it is given', async () => {
    const numbers = [0, 0.5, 0.999]
    const { clock, options } = setUp({ random: () => numbers.shift()! })
    const { Directory } = decorated(options, [reset, reset, reset])

    await Directory.all()
    expect(clock.waits).toEqual([0, 100, 0.999 * 400])
  })

  it.each([
    ['what trying again would not mend', answered(404), 1],
    ['what is not in the list of its own', reset, 1],
    ['what is', Object.assign(new Error('locked'), { code: 'EBUSY' }), 3],
  ])('is tried again for recoverable failures alone: %s', async (_, error, expected) => {
    const isRetryable = (failure: unknown) => (failure as { code?: unknown }).code === 'EBUSY'
    const { options } = setUp({ retries: 2, isRetryable })
    const { Directory, calls } = decorated(options, [error, error, error])

    await expect(new Directory().find()).rejects.toBe(error)
    expect(calls()).toBe(expected)
  })

  it('also tries again when a method throws before it gives a promise', async () => {
    const { options } = setUp()
    let calls = 0
    class Directory {
      @retry(options)
      find(): Promise<string> {
        calls += 1
        if (calls === 1) throw reset
        return Promise.resolve('done')
      }
    }

    expect(await new Directory().find()).toBe('done')
    expect(Directory.prototype.find.name).toBe('find')
  })

  it('refuses to stand before anything else than a method', () => {
    const decorate = retry() as unknown as (target: unknown, context: { kind: string }) => unknown

    expect(() => decorate(Array, { kind: 'class' })).toThrow(TypeError)
  })
})
