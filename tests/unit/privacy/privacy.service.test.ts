import { UserNotFoundError } from '../../../src/errors'
import { PrivacyService } from '../../../src/privacy/privacy.service'
import { startPurgeSweep } from '../../../src/privacy/purge-sweep'
import { createLogger } from '../../../src/observability/logger'
import type { DeletedUser, DeletedUserDao } from '../../../src/users/deleted-user.dao'
import { DeletedUsersService } from '../../../src/users/deleted-users.service'
import type { User } from '../../../src/users/user'

const NOW = new Date('2026-03-01T12:00:00.000Z')
const DAY_MS = 24 * 60 * 60 * 1_000
const before = (days: number) => new Date(NOW.getTime() - days * DAY_MS)
const id = (n: number) => n.toString(16).padStart(24, '0')

function testUser(given: Partial<User>): User {
  return {
    id: id(0),
    name: 'Somebody',
    first_name: null,
    last_name: null,
    name_derived: false,
    email: 'somebody@example.com',
    email_verified: false,
    has_password: false,
    age: null,
    is_active: true,
    grants: [{ role: 'CLIENT', granted_at: NOW, expires_at: null }],
    metadata: {},
    created_at: NOW,
    updated_at: NOW,
    version: 1,
    ...given,
  }
}

/** Deleted users in a map, by id. */
class InMemoryDeletedUsers implements DeletedUserDao {
  readonly kept = new Map<string, DeletedUser>()

  add(n: number, deletedAt: Date, purgeAt: Date): void {
    const user = testUser({ id: id(n), email: `${n}@example.com` })
    this.kept.set(id(n), { user, deleted_at: deletedAt, purge_at: purgeAt, email_reserved: n % 2 === 0 })
  }

  async find(one: string, now: Date): Promise<DeletedUser | undefined> {
    const found = this.kept.get(one)
    return found && found.purge_at > now ? found : undefined
  }

  async close(one: string, now: Date): Promise<string | undefined> {
    const found = this.kept.get(one)
    if (found) this.kept.set(one, { ...found, purge_at: found.purge_at < now ? found.purge_at : now })
    return found?.user.email
  }

  async erase(one: string, now: Date): Promise<void> {
    if ((this.kept.get(one)?.purge_at ?? now) <= now) this.kept.delete(one)
  }

  async due(now: Date, limit: number): Promise<readonly string[]> {
    return this.ids((one) => one.purge_at <= now).slice(0, limit)
  }

  async deletedBefore(instant: Date, after: string | undefined, limit: number): Promise<readonly string[]> {
    return this.ids((one) => one.deleted_at < instant)
      .filter((one) => after === undefined || one > after)
      .slice(0, limit)
  }

  private ids(which: (one: DeletedUser) => boolean): string[] {
    return [...this.kept]
      .filter(([, one]) => which(one))
      .map(([key]) => key)
      .sort()
  }
}

function setUp() {
  const deleted = new InMemoryDeletedUsers()
  const living = new Map([[id(9_999), testUser({ id: id(9_999) })]])
  const erased: string[] = []
  const users = new DeletedUsersService({
    users: { find: async (one) => living.get(one) },
    deleted,
    clock: () => NOW,
  })
  const notes = {
    name: 'notes',
    exportFor: async (one: string) => [`of ${one}`],
    eraseFor: async (one: string, email: string) => erased.push(`${one} ${email}`),
  }
  return { deleted, living, erased, privacy: new PrivacyService({ users, holdings: [notes], clock: () => NOW }) }
}

describe('exportFor', () => {
  it('composes the user and each kind of data', async () => {
    const { privacy } = setUp()

    expect(await privacy.exportFor(id(9_999))).toMatchObject({
      exported_at: NOW.toISOString(),
      user: { id: id(9_999) },
      deletion: null,
      notes: [`of ${id(9_999)}`],
    })
  })

  it('tells when a deleted user goes, and knows it no longer then', async () => {
    const { privacy, deleted } = setUp()
    deleted.add(2, before(1), before(-1))
    deleted.add(3, before(1), NOW)

    expect((await privacy.exportFor(id(2))).deletion).toEqual({
      deleted_at: before(1).toISOString(),
      purge_at: before(-1).toISOString(),
      email_reserved: true,
    })
    await expect(privacy.exportFor(id(3))).rejects.toThrow(UserNotFoundError)
  })
})

describe('purging', () => {
  it('erases what is held, and the user last', async () => {
    const { privacy, deleted, erased } = setUp()
    deleted.add(1, before(1), before(-29))
    await privacy.purge(id(1))

    expect(erased).toEqual([`${id(1)} 1@example.com`])
    expect(deleted.kept.size).toBe(0)
    await expect(privacy.purge(id(1))).rejects.toThrow(UserNotFoundError)
    await expect(privacy.purge(id(9_999))).rejects.toThrow(UserNotFoundError)
  })

  it('when something cannot be erased, the user stays for the next time, and cannot come back', async () => {
    const { deleted, living } = setUp()
    const users = new DeletedUsersService({
      users: { find: async (one) => living.get(one) },
      deleted,
      clock: () => NOW,
    })
    const broken = { name: 'x', exportFor: async () => null, eraseFor: async () => Promise.reject(new Error('down')) }
    const privacy = new PrivacyService({ users, holdings: [broken], clock: () => NOW })
    deleted.add(1, before(1), before(-29))

    await expect(privacy.purge(id(1))).rejects.toThrow('down')
    expect(await deleted.due(NOW, 10)).toEqual([id(1)])
    await expect(privacy.exportFor(id(1))).rejects.toThrow(UserNotFoundError)
  })

  it('takes those whose time is over, however many, and what an interrupted deletion left', async () => {
    const { privacy, deleted, living, erased } = setUp()
    for (let n = 1; n <= 250; n += 1) deleted.add(n, before(40), before(10))
    deleted.add(251, before(1), before(-29))
    living.set(id(7), testUser({ id: id(7) }))

    expect(await privacy.purgeDue()).toBe(249)
    expect([...deleted.kept.keys()]).toEqual([id(251)])
    expect(erased.some((one) => one.startsWith(id(7)))).toBe(false)
  })

  it('by age counts first, and takes them whether they could come back or not', async () => {
    const { privacy, deleted, living } = setUp()
    for (let n = 1; n <= 150; n += 1) deleted.add(n, before(20), before(-10))
    deleted.add(151, before(2), before(-28))
    living.set(id(3), testUser({ id: id(3) }))

    let told = 0
    expect(await privacy.countDeletedBefore(before(10))).toBe(150)
    expect(deleted.kept.size).toBe(151)
    expect(await privacy.purgeDeletedBefore(before(10), () => void (told += 1))).toBe(149)
    expect(told).toBe(150)
    expect([...deleted.kept.keys()]).toEqual([id(3), id(151)])
  })
})

describe('the sweep', () => {
  const logger = createLogger({ logLevel: 'silent', logFormat: 'json' })

  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  it('goes on after a failure, and ends when it is told to', async () => {
    let calls = 0
    const purgeDue = async () => {
      calls += 1
      if (calls === 1) throw new Error('down')
      return calls
    }
    const sweep = startPurgeSweep({ purgeDue }, logger, 1_000, () => 0.5)

    await jest.advanceTimersByTimeAsync(499)
    expect(calls).toBe(0)
    await jest.advanceTimersByTimeAsync(1_001)
    expect(calls).toBe(2)
    sweep.stop()
    await jest.advanceTimersByTimeAsync(10_000)
    expect(calls).toBe(2)
  })
})
