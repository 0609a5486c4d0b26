import type { AppError } from '../../../src/errors'
import type { Authenticator, MfaDao } from '../../../src/mfa/mfa.dao'
import { MfaService } from '../../../src/mfa/mfa.service'
import { hashOfRecoveryCode, newRecoveryCodes } from '../../../src/mfa/recovery-codes'
import { newTotpSecret, stepOf, totpUrl } from '../../../src/mfa/totp'
import { createSecretBox } from '../../../src/secrets/secret-box'
import { accountSurroundings, NOW, userAccess } from '../../support/in-memory-accounts'
import { Secret, TOTP } from 'otpauth'

const STEP_MS = 30_000

class InMemoryMfaDao implements MfaDao {
  stored: Authenticator | undefined

  find() {
    return Promise.resolve(this.stored)
  }

  begin(authenticator: Authenticator) {
    if (this.stored?.activated_at) return Promise.resolve(false)
    this.stored = authenticator
    return Promise.resolve(true)
  }

  activate(_: string, secret: string, active: Partial<Authenticator>) {
    if (this.stored?.secret !== secret || this.stored.activated_at) return Promise.resolve(false)
    this.stored = { ...this.stored, ...active, expires_at: null }
    return Promise.resolve(true)
  }

  useStep(_: string, secret: string, step: number) {
    if (this.stored?.secret !== secret || this.stored.last_step >= step) return Promise.resolve(false)
    this.stored = { ...this.stored, last_step: step }
    return Promise.resolve(true)
  }

  useRecoveryCode(_: string, hash: string) {
    const codes = this.stored?.recovery_codes ?? []
    if (!this.stored || !codes.includes(hash)) return Promise.resolve(false)
    this.stored = { ...this.stored, recovery_codes: codes.filter((code) => code !== hash) }
    return Promise.resolve(true)
  }

  replaceRecoveryCodes(_: string, hashes: readonly string[]) {
    if (!this.stored?.activated_at) return Promise.resolve(false)
    this.stored = { ...this.stored, recovery_codes: hashes }
    return Promise.resolve(true)
  }

  removeActive() {
    const active = this.stored?.activated_at !== undefined && this.stored.activated_at !== null
    if (active) this.stored = undefined
    return Promise.resolve(active)
  }

  removeAny() {
    this.stored = undefined
    return Promise.resolve()
  }
}

const PERSON = { userId: 'u1', sessionId: 's1', address: '192.0.2.1' }

function world() {
  let now = NOW
  const dao = new InMemoryMfaDao()
  const around = accountSurroundings()
  const attempt = { succeeded: jest.fn(), failed: jest.fn(), abandoned: jest.fn() }
  const sessions = { endAll: jest.fn(async () => 0) }
  let user: ReturnType<typeof userAccess> | undefined = userAccess()
  const mfa = new MfaService({
    dao,
    users: { access: async () => user },
    sessions,
    logins: { begin: async () => attempt },
    box: createSecretBox(Buffer.alloc(32, 7)),
    mails: around.mails,
    clock: () => now,
  })
  const codeAt = (secret: string, steps = 0) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now.getTime() + steps * STEP_MS })
  const active = async () => {
    const { secret } = await mfa.begin('u1')
    return { secret, codes: await mfa.activate(PERSON, codeAt(secret)) }
  }
  return {
    mfa,
    dao,
    sessions,
    attempt,
    sent: around.sent,
    codeAt,
    active,
    later: (ms: number) => (now = new Date(now.getTime() + ms)),
    leave: () => (user = undefined),
  }
}

const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error as AppError).code,
  )

describe('codes of time', () => {
  it('are those of RFC 6238, appendix B', () => {
    const secret = Secret.fromLatin1('12345678901234567890').base32
    const at = (seconds: number, code: string) => stepOf(secret, code, new Date(seconds * 1_000))

    expect(at(59, '287082')).toBe(1)
    expect(at(1_111_111_109, '081804')).toBe(37_037_036)
    expect(at(2_000_000_000, '279037')).toBe(66_666_666)
    expect(at(59 + 30, '287082')).toBe(1)
    expect(at(59 + 60, '287082')).toBeUndefined()
  })

  it('come of 160 random bits, in a form that apps read', () => {
    expect(Secret.fromBase32(newTotpSecret()).bytes).toHaveLength(20)
    expect(newTotpSecret()).not.toBe(newTotpSecret())
    expect(totpUrl('GEZDGNBV', 'ann@example.com')).toBe(
      'otpauth://totp/Rollcall:ann%40example.com?issuer=Rollcall&secret=GEZDGNBV&algorithm=SHA1&digits=6&period=30',
    )
  })
})

describe('recovery codes', () => {
  it('are ten, of 120 bits each', () => {
    const codes = new Set(Array.from({ length: 20 }, newRecoveryCodes).flat())
    const letters = new Set([...codes].join('').replaceAll('-', ''))

    expect(codes.size).toBe(200)
    expect([...letters].sort().join('')).toBe('0123456789abcdefghjkmnpqrstvwxyz')
    for (const code of codes) expect(code).toMatch(/^\w{4}(-\w{4}){5}$/)
  })

  it('are the same however they are typed, and other ones for other people', () => {
    const hash = hashOfRecoveryCode('u1', '0123-4567-89ab-cdef-ghjk-mnpq')

    expect(hashOfRecoveryCode('u1', 'OL23 4567 89AB CDEF GHJK MNPQ')).toBe(hash)
    expect(hashOfRecoveryCode('u2', '0123-4567-89ab-cdef-ghjk-mnpq')).not.toBe(hash)
    expect(hashOfRecoveryCode('u1', '0123-4567-89ab-cdef-ghjk-mnp')).toBeUndefined()
    expect(hashOfRecoveryCode('u1', '0123-4567-89ab-cdef-ghjk-mnpu')).toBeUndefined()
  })
})

describe('the second factor', () => {
  it('is forgotten when it is not activated within an hour', async () => {
    const { mfa, codeAt, later } = world()
    const { secret } = await mfa.begin('u1')
    later(3_600_000)

    expect(await codeOf(mfa.activate(PERSON, codeAt(secret)))).toBe('MFA_NOT_ACTIVE')
    expect(await mfa.isActive('u1')).toBe(false)
  })

  it('counts a wrong code as a failed attempt, a right one as a success', async () => {
    const { mfa, codeAt, attempt, sessions, sent } = world()
    const { secret } = await mfa.begin('u1')
    expect(await codeOf(mfa.activate(PERSON, codeAt(secret, 5)))).toBe('TOKEN_INVALID')
    expect([attempt.failed.mock.calls.length, attempt.succeeded.mock.calls.length]).toEqual([1, 0])
    await mfa.activate(PERSON, codeAt(secret))

    expect([attempt.failed.mock.calls.length, attempt.succeeded.mock.calls.length]).toEqual([1, 1])
    expect(sessions.endAll).toHaveBeenCalledWith('u1', 's1')
    expect(sent.map(({ subject }) => subject)).toEqual(['An authenticator was added to your account'])
  })

  it('is not activated when another one was set up meanwhile', async () => {
    const { mfa, codeAt, dao } = world()
    const { secret } = await mfa.begin('u1')
    dao.activate = async () => false

    expect(await codeOf(mfa.activate(PERSON, codeAt(secret)))).toBe('TOKEN_INVALID')
  })

  it('takes the code of each step once, and none of before', async () => {
    const { mfa, active, codeAt, later } = world()
    const { secret } = await active()
    expect(await mfa.redeem('u1', codeAt(secret))).toBe(false)
    expect(await mfa.redeem('u1', codeAt(secret, 1))).toBe(true)
    expect(await mfa.redeem('u1', codeAt(secret, 1))).toBe(false)
    later(2 * STEP_MS)
    expect(await mfa.redeem('u1', codeAt(secret, -1))).toBe(false)
    expect(await mfa.redeem('u1', codeAt(secret, 2))).toBe(false)
    expect(await mfa.redeem('u1', codeAt(secret))).toBe(true)
  })

  it('takes each recovery code once, and nothing else', async () => {
    const { mfa, active } = world()
    const { codes } = await active()
    expect(await mfa.redeem('u1', codes[0]!)).toBe(true)
    expect(await mfa.redeem('u1', codes[0]!)).toBe(false)
    expect(await mfa.redeem('u1', 'nonsense')).toBe(false)
    expect((await mfa.state('u1')).recovery_codes_left).toBe(9)
  })

  it('is nobody’s before it is active', async () => {
    const { mfa, codeAt } = world()
    expect(await mfa.redeem('u1', '123456')).toBe(false)
    const { secret } = await mfa.begin('u1')
    expect(await mfa.redeem('u1', codeAt(secret))).toBe(false)
  })

  it('is handed out without its secrets, and goes as a whole', async () => {
    const { mfa, active } = world()
    expect(await mfa.exportFor('u1')).toBeNull()
    await active()
    expect(await mfa.exportFor('u1')).toEqual({
      created_at: NOW.toISOString(),
      totp: { active: true, activated_at: NOW.toISOString() },
      recovery_codes_left: 10,
    })
    await mfa.eraseFor('u1')
    expect(await mfa.exportFor('u1')).toBeNull()
  })

  it('is for users who exist', async () => {
    const { mfa, leave } = world()
    leave()
    for (const work of [
      mfa.begin('u1'),
      mfa.activate(PERSON, '123456'),
      mfa.remove('u1'),
      mfa.renewRecoveryCodes('u1'),
    ])
      expect(await codeOf(work)).toBe('USER_NOT_FOUND')
  })

  it('is one: no second one is begun while it is active', async () => {
    const { mfa, active, codeAt } = world()
    const { secret } = await active()

    expect(await codeOf(mfa.begin('u1'))).toBe('MFA_ACTIVE')
    expect(await codeOf(mfa.activate(PERSON, codeAt(secret, 1)))).toBe('MFA_ACTIVE')
    expect(await mfa.renewRecoveryCodes('u1')).toHaveLength(10)
    await mfa.remove('u1', 's1')
    expect(await codeOf(mfa.remove('u1'))).toBe('MFA_NOT_ACTIVE')
    expect(await codeOf(mfa.renewRecoveryCodes('u1'))).toBe('MFA_NOT_ACTIVE')
  })
})
