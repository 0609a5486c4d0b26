import { type Authority, openAuthority } from '../../../src/http/authority'
import { AccountRecordsService } from '../../../src/accounts/account-records.service'
import { EmailChangeService } from '../../../src/accounts/email-change.service'
import { EmailVerificationService } from '../../../src/accounts/email-verification.service'
import { InvitationService } from '../../../src/accounts/invitation.service'
import { OneTimeTokenService } from '../../../src/accounts/one-time-token.service'
import { PasswordResetService } from '../../../src/accounts/password-reset.service'
import { RegistrationService } from '../../../src/accounts/registration.service'
import { AppError, EmailTakenError, type ErrorCode, UserNotFoundError } from '../../../src/errors'
import { OPERATOR } from '../../../src/http/caller'
import type { UserAccess, UserCredentials } from '../../../src/users/user-access.dao'
import type { UserView } from '../../../src/users/user.presenter'
import {
  accountSurroundings,
  InMemoryEmailChangeDao,
  InMemoryTokenDao,
  NOW,
  userAccess,
} from '../../support/in-memory-accounts'

const HOUR_MS = 3_600_000
const JOIN = 'Confirm your new e-mail address'
const LEAVE = 'Confirm the change of your e-mail address'

let now: Date
let user: UserAccess | undefined
let around: ReturnType<typeof accountSurroundings>
let tokenDao: InMemoryTokenDao
let tokens: OneTimeTokenService
let changeDao: InMemoryEmailChangeDao

const clock = () => now
const viewOf = (shown: UserAccess) => ({ ...shown, version: 1 }) as unknown as UserView
const credentials = () => user && ({ ...user, password_hash: null } satisfies UserCredentials)
const users = {
  access: jest.fn(async () => user),
  view: jest.fn(async () => viewOf(user!)),
  credentialsByEmail: jest.fn(async (email: string) => (user?.email === email ? credentials() : undefined)),
  verifyEmail: jest.fn(async (): Promise<UserView | undefined> => viewOf(user!)),
  moveEmail: jest.fn(async (_id: string, _from: string, to: string) => viewOf({ ...user!, email: to })),
  choosePassword: jest.fn(async (): Promise<UserView | undefined> => viewOf(user!)),
}
const hasher = { hash: jest.fn(async (password: string) => `hash of ${password}`) }

beforeEach(() => {
  jest.clearAllMocks()
  now = NOW
  user = userAccess()
  around = accountSurroundings()
  tokenDao = new InMemoryTokenDao()
  tokens = new OneTimeTokenService({ dao: tokenDao, users, clock })
  changeDao = new InMemoryEmailChangeDao()
})

const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return (error as AppError | undefined)?.code
}
const unavailable = () => Promise.reject(new AppError('SERVICE_UNAVAILABLE'))
const tokenOf = (subject: string) =>
  /^Your code: (\S+)$/m.exec(around.sent.find((mail) => mail.subject === subject)!.text)![1]!

describe('a token', () => {
  it.each([
    ['verify_email', 24],
    ['reset_password', 1],
    ['invitation', 7 * 24],
  ] as const)('%s is good for %i hours', async (purpose, hours) => {
    const token = await tokens.issue(purpose, user!)
    later(hours * HOUR_MS - 1)
    expect(await tokens.peek(purpose, token)).toBe(user)
    later(1)
    expect(await codeOf(tokens.take(purpose, token))).toBe('TOKEN_INVALID')
  })

  it.each([
    ['changed its password', { sessions_not_before: new Date(NOW.getTime() + 5) }],
    ['changed its password in the same moment', { sessions_not_before: NOW }],
    ['has another address', { email: 'other@example.com' }],
    ['is disabled', { is_active: false }],
  ])('is no good for whoever %s', async (_, change) => {
    const token = await tokens.issue('reset_password', user!)
    user = userAccess(change)

    expect(await codeOf(tokens.peek('reset_password', token))).toBe('TOKEN_INVALID')
  })

  it('outlives an earlier change of the password, and no user', async () => {
    user = userAccess({ sessions_not_before: new Date(NOW.getTime() - 1) })
    const token = await tokens.issue('reset_password', user)
    expect(await tokens.peek('reset_password', token)).toBe(user)
    user = undefined

    expect(await codeOf(tokens.peek('reset_password', token))).toBe('TOKEN_INVALID')
  })

  it('is one of 2^256 each time, and is kept as a hash', async () => {
    const seen = new Set<string>()
    for (let n = 0; n < 50; n += 1) seen.add(await tokens.issue('verify_email', user!))

    expect(seen.size).toBe(50)
    for (const token of seen) expect(token).toMatch(/^rcv_[\w-]{43}$/)
    expect([...tokenDao.tokens.values()]).toHaveLength(1)
  })
})

describe('registration', () => {
  const input = { name: 'Ann', email: 'ann@example.com', password: 'Battery-Staple-8' }
  const service = (create: () => Promise<UserView>, more: object = {}) =>
    new RegistrationService({
      ...around,
      tokens,
      users: { create },
      settings: { allowRegistration: true, enumerationSafe: false, requireVerifiedEmail: false, ...more },
    })

  it('needs no mail server where nobody must be verified', async () => {
    const registered = await service(async () => viewOf(user!)).register(input)
    await around.background.settle()

    expect(registered?.email).toBe(input.email)
    expect(around.mailer.ensureAvailable).not.toHaveBeenCalled()
    expect(around.rates.limit).toHaveBeenCalledWith('recipient', input.email)
    expect(around.sent.map(({ subject }) => subject)).toEqual(['Confirm your e-mail address'])
  })

  it('passes on what else is wrong, also where existence is hidden', async () => {
    const create = unavailable as () => Promise<UserView>

    expect(await codeOf(service(create, { enumerationSafe: true }).register(input))).toBe('SERVICE_UNAVAILABLE')
    expect(await codeOf(service(() => Promise.reject(new EmailTakenError())).register(input))).toBe('EMAIL_TAKEN')
  })
})

describe('verification', () => {
  const service = () =>
    new EmailVerificationService({ ...around, users, tokens, changes: { confirm: async () => ({ pending: 'new' }) } })

  it('fails for whoever goes meanwhile', async () => {
    users.verifyEmail.mockRejectedValueOnce(new UserNotFoundError())
    expect(await codeOf(service().confirm(await tokens.issue('verify_email', user!)))).toBe('TOKEN_INVALID')
    users.verifyEmail.mockResolvedValueOnce(undefined)
    expect(await codeOf(service().confirm(await tokens.issue('verify_email', user!)))).toBe('TOKEN_INVALID')
    users.verifyEmail.mockImplementationOnce(unavailable)
    expect(await codeOf(service().confirm(await tokens.issue('verify_email', user!)))).toBe('SERVICE_UNAVAILABLE')
  })

  it.each([
    ['nobody', undefined],
    ['whoever is verified', userAccess({ email_verified: true })],
    ['whoever is disabled', userAccess({ is_active: false })],
  ])('sends nothing to %s', async (_, found) => {
    user = found
    await service().resend('ann@example.com')
    await around.background.settle()

    expect(around.sent).toEqual([])
  })
})

describe('a forgotten password', () => {
  const logins = { unlock: jest.fn(async () => undefined) }
  const service = () => new PasswordResetService({ ...around, users, tokens, hasher, logins })

  it('looks nobody up before it has answered', async () => {
    await service().forgot('ann@example.com')
    expect(users.credentialsByEmail).not.toHaveBeenCalled()
    await around.background.settle()

    expect(users.credentialsByEmail).toHaveBeenCalledTimes(1)
    expect(around.sent).toHaveLength(1)
  })

  it('hashes nothing for a token that is no good', async () => {
    expect(await codeOf(service().reset('rcp_nonsense', 'x'))).toBe('TOKEN_INVALID')
    expect(hasher.hash).not.toHaveBeenCalled()
  })

  it('leaves the token good when the password cannot be hashed now', async () => {
    const token = await tokens.issue('reset_password', user!)
    hasher.hash.mockImplementationOnce(unavailable)
    expect(await codeOf(service().reset(token, 'x'))).toBe('SERVICE_UNAVAILABLE')

    expect((await service().reset(token, 'x')).id).toBe('u1')
    await around.background.settle()
    expect(logins.unlock).toHaveBeenCalledWith('ann@example.com')
    expect(users.choosePassword).toHaveBeenCalledWith('u1', 'ann@example.com', 'hash of x')
  })

  it('is done even if what follows fails', async () => {
    logins.unlock.mockImplementationOnce(unavailable)
    await service().reset(await tokens.issue('reset_password', user!), 'x')
    await around.background.settle()

    expect(around.sent.map(({ subject }) => subject)).toEqual(['Your password was changed'])
    expect(around.log()).toContain('Work behind an answer failed')
  })
})

describe('an invitation', () => {
  const service = (create: () => Promise<UserView>, authority: Authority = openAuthority) =>
    new InvitationService({ ...around, users: { create }, access: users, tokens, hasher, authority })
  const taken = () => Promise.reject(new EmailTakenError())
  const input = { name: 'Ann', email: 'ann@example.com' }

  it.each([
    ['is disabled', userAccess({ is_active: false, has_password: false })],
    ['has a password', userAccess()],
    ['was deleted, and keeps its address', undefined],
  ])('is not repeated for whoever %s', async (_, found) => {
    user = found
    expect(await codeOf(service(taken).invite(OPERATOR, input))).toBe('EMAIL_TAKEN')
    expect(around.sent).toEqual([])
  })

  it('is not repeated for whoever may do more than the caller', async () => {
    user = userAccess({ has_password: false })
    const outranked: Authority = { requireOver: async () => Promise.reject(new AppError('FORBIDDEN')) }
    expect(await codeOf(service(taken, outranked).invite(OPERATOR, input))).toBe('FORBIDDEN')
    expect(around.sent).toEqual([])
  })

  it('passes on what else is wrong', async () => {
    expect(await codeOf(service(unavailable as () => Promise<UserView>).invite(OPERATOR, input))).toBe(
      'SERVICE_UNAVAILABLE',
    )
  })

  it('is lost to whoever got a password in the same moment', async () => {
    user = userAccess({ has_password: false })
    const token = await tokens.issue('invitation', user)
    users.choosePassword.mockResolvedValueOnce(undefined)

    expect(await codeOf(service(taken).accept({ token, password: 'x' }))).toBe('TOKEN_INVALID')
    expect(users.choosePassword).toHaveBeenCalledWith('u1', 'ann@example.com', 'hash of x', { first: true })
  })
})

describe('a change of e-mail', () => {
  const service = (more: object = {}) =>
    new EmailChangeService({ ...around, dao: changeDao, users, tokens, clock, enumerationSafe: false, ...more })

  async function confirmedOnce() {
    const changes = service()
    expect(await changes.request('u1', 'new@example.com')).toBe('asked')
    await around.background.settle()
    expect(await changes.confirm(tokenOf(LEAVE))).toEqual({ pending: 'new' })
    return changes
  }

  it('waits a day', async () => {
    const changes = await confirmedOnce()
    later(24 * HOUR_MS)

    expect(await codeOf(changes.confirm(tokenOf(JOIN)))).toBe('TOKEN_INVALID')
    expect(await changes.pending('u1')).toBeUndefined()
  })

  it('can be completed again when the store could not', async () => {
    const changes = await confirmedOnce()
    users.moveEmail.mockImplementationOnce(unavailable)
    expect(await codeOf(changes.confirm(tokenOf(JOIN)))).toBe('SERVICE_UNAVAILABLE')

    expect(await changes.confirm(tokenOf(JOIN))).toMatchObject({ user: { email: 'new@example.com' } })
    await around.background.settle()
    expect(await changes.pending('u1')).toBeUndefined()
  })

  it('the same when the old address is the last', async () => {
    const changes = service()
    await changes.request('u1', 'new@example.com')
    await around.background.settle()
    expect(await changes.confirm(tokenOf(JOIN))).toEqual({ pending: 'old' })
    users.moveEmail.mockImplementationOnce(unavailable)
    expect(await codeOf(changes.confirm(tokenOf(LEAVE)))).toBe('SERVICE_UNAVAILABLE')

    expect(await changes.confirm(tokenOf(LEAVE))).toMatchObject({ user: { email: 'new@example.com' } })
  })

  it('is over for whoever goes, or changes its address otherwise', async () => {
    const changes = await confirmedOnce()
    users.moveEmail.mockRejectedValueOnce(new UserNotFoundError())
    expect(await codeOf(changes.confirm(tokenOf(JOIN)))).toBe('TOKEN_INVALID')
    expect(await changes.pending('u1')).toBeUndefined()
  })

  it('any version will do where any is asked for', async () => {
    expect(await service().request('u1', 'new@example.com', 'any')).toBe('asked')
    expect(await codeOf(service().request('u1', 'new@example.com', [7]))).toBe('VERSION_MISMATCH')
  })
})

describe('what is held', () => {
  it('is handed out without what lets anybody in, and goes as a whole', async () => {
    const changes = new EmailChangeService({
      ...around,
      dao: changeDao,
      users,
      tokens,
      clock,
      enumerationSafe: false,
    })
    const forget = jest.fn(async () => undefined)
    const records = new AccountRecordsService({ tokens, changes, mailbox: { forget } })
    expect(await records.exportFor('u1')).toEqual({ pending_tokens: [], pending_email_change: null })
    await tokens.issue('invitation', user!)
    await changes.request('u1', 'new@example.com')
    const [created_at, expires_at] = [NOW.toISOString(), new Date(NOW.getTime() + 7 * 24 * HOUR_MS).toISOString()]
    expect(await records.exportFor('u1')).toMatchObject({
      pending_tokens: [{ purpose: 'invitation', email: 'ann@example.com', created_at, expires_at }],
      pending_email_change: { from: 'ann@example.com', to: 'new@example.com', confirmed: { old: false, new: false } },
    })

    await records.eraseFor('u1', 'ann@example.com')
    expect(await records.exportFor('u1')).toEqual({ pending_tokens: [], pending_email_change: null })
    expect(forget).toHaveBeenCalledWith('ann@example.com')
    await new AccountRecordsService({ tokens, changes, mailbox: undefined }).eraseFor('u1', 'ann@example.com')
  })
})

describe('work behind an answer', () => {
  it('is bounded', async () => {
    let ran = 0
    for (let n = 0; n < 1_002; n += 1) around.background.run('count', () => void (ran += 1))
    await around.background.settle()

    expect(ran).toBe(1_000)
    expect(around.log().split('dropped')).toHaveLength(3)
  })
})
