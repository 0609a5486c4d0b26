import { AppError } from '../../../src/errors'
import { BcryptHasher } from '../../../src/passwords/password-hasher'

const COST = 4

test('a hash is of its password alone', async () => {
  const hasher = new BcryptHasher({ cost: COST, concurrency: 2 })
  const hash = await hasher.hash('Password@123')
  expect(hash).toMatch(/^\$2b\$04\$/)
  expect(await hasher.verify('Password@123', hash)).toBe(true)
  expect(await hasher.verify('Password@124', hash)).toBe(false)
})

test('more than may wait are refused at once, with a time to come back', async () => {
  const hasher = new BcryptHasher({ cost: COST, concurrency: 1, waitingMax: 2 })
  const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(() => hasher.hash('Password@123')))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
  const { reason } = outcomes[4] as PromiseRejectedResult
  expect(reason).toBeInstanceOf(AppError)
  expect([reason.code, reason.headers]).toEqual(['SERVICE_UNAVAILABLE', { 'Retry-After': '1' }])
  // The queue is empty again, also after a failure.
  await expect(hasher.verify('x', 5 as unknown as string)).rejects.toThrow()
  expect(await hasher.hash('Password@123')).toMatch(/^\$2b\$/)
})
