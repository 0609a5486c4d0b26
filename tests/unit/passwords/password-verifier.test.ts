import { AppError } from '../../../src/errors'
import { BcryptHasher, type PasswordHasher } from '../../../src/passwords/password-hasher'
import { PasswordVerifier } from '../../../src/passwords/password-verifier'

const RIGHT = 'Password@123'
const hashAt = (cost: number) => `$2b$${String(cost).padStart(2, '0')}$${'x'.repeat(53)}`

/** Counts what bcrypt would work: a hash of cost c is 2^c rounds. */
class CountingHasher implements PasswordHasher {
  readonly turns: number[] = []
  readonly compared: string[] = []
  readonly hashed: string[] = []
  full = false

  async hash(password: string): Promise<string> {
    if (this.full) throw new AppError('SERVICE_UNAVAILABLE')
    this.hashed.push(password)
    return hashAt(10)
  }

  async verify(password: string, passwordHash: string, fillers: readonly string[] = []): Promise<boolean> {
    const hashes = [passwordHash, ...fillers]
    this.turns.push(hashes.reduce((sum, hash) => sum + 2 ** Number(hash.slice(4, 6)), 0))
    this.compared.push(password)
    return password === RIGHT && passwordHash.endsWith('x'.repeat(53))
  }
}

const COST = 10
let hasher: CountingHasher
let verifier: PasswordVerifier

beforeEach(() => {
  hasher = new CountingHasher()
  verifier = new PasswordVerifier(hasher, COST)
})

test.each([
  ['the right password', RIGHT, hashAt(COST), true],
  ['a wrong password', 'Password@124', hashAt(COST), false],
  ['nobody of this e-mail', RIGHT, undefined, false],
  ['a user without password', RIGHT, null, false],
  ['a password of 73 bytes', 'é'.repeat(36) + 'x', hashAt(COST), false],
  ['a password of a million characters', 'x'.repeat(1_000_000), hashAt(COST), false],
  ['a password with NUL', `${RIGHT}\0`, hashAt(COST), false],
  ['a password with a lone surrogate', `${RIGHT}\ud800`, hashAt(COST), false],
  ['a hash that is none of bcrypt', RIGHT, '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', false],
  ['an older hash, the right password', RIGHT, hashAt(4), true],
  ['an older hash, a wrong password', 'Password@124', hashAt(4), false],
  ['a hash one step older', 'Password@124', hashAt(COST - 1), false],
])('%s: one turn, and the work of one hash', async (_, password, stored, matches) => {
  expect(await verifier.verify(password, stored)).toBe(matches)
  expect(hasher.turns).toEqual([2 ** COST])
})

test('a password of 72 bytes is compared as it is', async () => {
  await verifier.verify('x'.repeat(72), hashAt(COST))
  expect(hasher.compared).toEqual(['x'.repeat(72)])
})

test('after a dearer hash was met, everything costs as much as it', async () => {
  await verifier.verify('Password@124', hashAt(COST + 2))
  await verifier.verify(RIGHT, undefined)
  await verifier.verify(RIGHT, hashAt(COST))
  expect(hasher.turns).toEqual([2 ** 12, 2 ** 12, 2 ** 12])
})

test('a foreign hash of absurd cost does not make everybody pay', async () => {
  await verifier.verify('Password@124', hashAt(31))
  await verifier.verify(RIGHT, undefined)
  expect(hasher.turns).toEqual([2 ** 31, 2 ** 15])
})

describe('renewing a hash', () => {
  test('the right password of a cheaper hash gets a new one, after the answer', async () => {
    const kept: string[] = []
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const answered = await verifier.verify(RIGHT, hashAt(4), async (hash) => {
      await gate
      kept.push(hash)
    })
    expect([answered, kept]).toEqual([true, []])
    release()
    await verifier.settled()
    expect([hasher.hashed, kept]).toEqual([[RIGHT], [hashAt(10)]])
  })

  test.each([
    ['a wrong password', 'Password@124', hashAt(4)],
    ['a hash of the configured cost', RIGHT, hashAt(COST)],
    ['a dearer hash', RIGHT, hashAt(COST + 1)],
    ['nobody', RIGHT, undefined],
  ])('%s renews nothing', async (_, password, stored) => {
    const rehash = jest.fn(async () => undefined)
    await verifier.verify(password, stored, rehash)
    await verifier.settled()
    expect([hasher.hashed, rehash.mock.calls]).toEqual([[], []])
  })

  test('neither a full queue nor a store that fails changes the answer', async () => {
    hasher.full = true
    const rehash = jest.fn(async () => Promise.reject(new Error('the store is gone')))
    expect(await verifier.verify(RIGHT, hashAt(4), rehash)).toBe(true)
    await verifier.settled()
    expect(rehash).not.toHaveBeenCalled()
    hasher.full = false
    expect(await verifier.verify(RIGHT, hashAt(4), rehash)).toBe(true)
    await verifier.settled()
    expect(rehash).toHaveBeenCalledTimes(1)
  })
})

test('with bcrypt itself: stand-ins are well-formed, and match nothing', async () => {
  const bcrypt = new BcryptHasher({ cost: 5, concurrency: 1 })
  const real = new PasswordVerifier(bcrypt, 5)
  const older = await new BcryptHasher({ cost: 4, concurrency: 1 }).hash(RIGHT)
  let renewed = ''
  expect(await real.verify(RIGHT, undefined)).toBe(false)
  expect(await real.verify('stand-in', null)).toBe(false)
  expect(await real.verify('Password@124', older)).toBe(false)
  expect(await real.verify(RIGHT, older, async (hash) => (renewed = hash))).toBe(true)
  await real.settled()
  expect(renewed).toMatch(/^\$2b\$05\$/)
  expect(await real.verify(RIGHT, renewed)).toBe(true)
  await bcrypt.close()
})
