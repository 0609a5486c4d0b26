import { randomUUID } from 'node:crypto'
import type { NewUser, User } from '../../src/client/types.gen'
import { UserFactory } from '../../src/client/user-factory'
import type { Refusal, UsersWay } from '../support/users-ways/way'

export interface Crowd {
  /** More than any page holds; they have this in their e-mails. */
  readonly runId: string
  readonly users: readonly User[]
}

const NOBODY = 'ffffffffffffffffffffffff'

async function refusal(work: Promise<unknown>): Promise<readonly [number, string, readonly string[]]> {
  const { status, code, problems } = await work.then(
    () => Promise.reject(new Error('It was not refused')),
    (error: Refusal) => error,
  )
  return [status, code, problems]
}

const ids = (users: readonly { id: string }[]) => users.map(({ id }) => id).sort()

/** What can be done with users, the same whichever way is taken. */
export function describeUsersWay(name: string, bind: () => { readonly way: UsersWay; readonly crowd: Crowd }): void {
  describe(`users by ${name}`, () => {
    const factory = new UserFactory()
    let way: UsersWay
    let crowd: Crowd
    beforeAll(() => {
      ;({ way, crowd } = bind())
    })
    afterAll(() => way.close())

    const wanted = (fields: Partial<NewUser> = {}) => factory.create({ is_active: true, ...fields })

    it('are created with every field, and read back the same', async () => {
      const { password: _, ...fields } = wanted({ age: 36 })
      const created = await way.create({ ...fields, password: _ })

      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(created).toEqual({
        ...fields,
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        email_verified: false,
        has_password: true,
        created_at: time,
        updated_at: time,
        version: 1,
      })
      expect(await way.get(created.id)).toEqual(created)
    })

    it('are created once for one key, and another user is refused under it', async () => {
      const user = wanted()
      const key = randomUUID()
      const first = await way.create(user, key)
      const [again, other] = await Promise.all([way.create(user, key), refusal(way.create(wanted(), key))])

      expect(again).toEqual(first)
      expect(other).toEqual([422, 'IDEMPOTENCY_MISMATCH', []])
    })

    it('are refused with every problem, by field', async () => {
      const user = { name: '', email: 'nowhere', age: 151 }

      expect(await refusal(way.create(user))).toEqual([
        400,
        'VALIDATION_FAILED',
        ['age: number.max', 'email: string.email', 'name: string.empty'],
      ])
    })

    it('have an e-mail of their own', async () => {
      const [one, two] = await Promise.all([way.create(wanted()), way.create(wanted())])
      const EMAIL_TAKEN = [409, 'EMAIL_TAKEN', []]
      const moved = `moved.${two.email}`

      expect(await refusal(way.create(wanted({ email: one.email.toUpperCase() })))).toEqual(EMAIL_TAKEN)
      expect(await refusal(way.changeEmail(two.id, one.email))).toEqual(EMAIL_TAKEN)
      expect(await way.changeEmail(two.id, moved)).toMatchObject({ id: two.id, email: moved, version: 2 })
    })

    it('are updated on the version that was seen, and not on another', async () => {
      const { id, metadata } = await way.create(wanted({ metadata: { plan: 'pro', seats: 5 } }))
      const updated = await way.update(id, { age: 41, metadata: { seats: null, team: 'blue' } }, 1)
      expect(updated).toMatchObject({ age: 41, metadata: { plan: 'pro', team: 'blue' }, version: 2 })
      expect(updated.metadata).not.toHaveProperty('seats')
      expect(metadata).toHaveProperty('seats')

      expect(await refusal(way.update(id, { age: 42 }, 1))).toEqual([412, 'VERSION_MISMATCH', []])
      expect(await way.update(id, { age: 43 })).toMatchObject({ age: 43, version: 3 })
    })

    it('are given roles, and lose them', async () => {
      const { id } = await way.create(wanted())
      const [granted, unknown] = await Promise.all([way.grant(id, ['ADMIN']), refusal(way.grant(id, ['NO_SUCH_ROLE']))])
      expect([...granted].sort()).toEqual(['ADMIN', 'CLIENT'])
      expect(unknown).toEqual([400, 'VALIDATION_FAILED', ['roles.0: roles.unknown']])

      await way.revoke(id, 'CLIENT')
      const [roles, gone] = await Promise.all([way.roles(id), refusal(way.revoke(id, 'CLIENT'))])
      expect(roles).toEqual(['ADMIN'])
      expect(gone).toEqual([404, 'ROLE_NOT_FOUND', []])
    })

    it('are deleted, are nobody then, and come back', async () => {
      const user = await way.create(wanted())
      await way.delete(user.id)
      const USER_NOT_FOUND = [404, 'USER_NOT_FOUND', []]
      const [read, deleted] = await Promise.all([refusal(way.get(user.id)), refusal(way.delete(user.id))])
      expect([read, deleted]).toEqual([USER_NOT_FOUND, USER_NOT_FOUND])

      await way.restore(user.id)
      expect(await way.get(user.id)).toMatchObject({ id: user.id, email: user.email, name: user.name })
    })

    it('that nobody knows are not found, whatever is asked of them', async () => {
      const refusals = await Promise.all([
        refusal(way.get('no-id')),
        refusal(way.update(NOBODY, { age: 1 })),
        refusal(way.roles(NOBODY)),
        refusal(way.restore(NOBODY)),
      ])

      expect(refusals).toEqual(refusals.map(() => [404, 'USER_NOT_FOUND', []]))
    })

    it('are listed to the end, filtered and sorted', async () => {
      const limit = 50
      const young = crowd.users.filter(({ age }) => age! < limit)
      const [all, found, sorted, admins, refused] = await Promise.all([
        way.list({ search: crowd.runId }),
        way.list({ filter: `email co "${crowd.runId}" and age lt ${limit}` }),
        way.list({ search: crowd.runId, sort: '-age,email' }),
        way.list({ search: crowd.runId, role: 'ADMIN' }),
        refusal(way.list({ filter: 'age lt' })),
      ])

      expect(ids(all)).toEqual(ids(crowd.users))
      expect(ids(found)).toEqual(ids(young))
      const order = [...crowd.users].sort((a, b) => b.age! - a.age! || (a.email < b.email ? -1 : 1))
      expect(sorted).toEqual(order)
      expect(admins).toEqual([])
      expect(refused).toMatchObject([400, 'VALIDATION_FAILED', [expect.stringMatching(/^filter: /)]])
    })
  })
}
