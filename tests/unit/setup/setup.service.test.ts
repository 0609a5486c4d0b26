import { EmailTakenError } from '../../../src/errors'
import { type SetupDeps, SetupService } from '../../../src/setup/setup.service'

const VIEW = { id: 'a'.repeat(24), email: 'root@example.com', email_verified: false } as never
const NOW = new Date('2026-03-01T12:00:00.000Z')

/** A service over the given answers; everything that is not given works, and there is no administrator. */
function setUp(given: { readonly [K in keyof SetupDeps]?: Partial<SetupDeps[K]> }) {
  const given_back: string[] = []
  const deps = {
    links: {
      replace: async () => true,
      take: async () => true,
      giveBack: async (hash: string) => void given_back.push(hash),
      remove: async () => undefined,
      ...given.links,
    },
    users: { create: async () => VIEW, ...given.users },
    access: {
      anyAdministrator: async () => false,
      credentialsByEmail: async () => undefined,
      verifyEmail: async () => undefined,
      ...given.access,
    },
    roles: { add: async () => ({ grants: [], version: 2 }), ...given.roles },
    passwordProblems: async () => [],
    clock: () => NOW,
    startId: 'start',
  } as unknown as SetupDeps
  return { setup: new SetupService(deps), given_back }
}

const taken = { create: async () => Promise.reject(new EmailTakenError()) }

it('somebody who has another e-mail by now is the administrator all the same', async () => {
  expect(await setUp({}).setup.complete('token', { name: 'a', email: 'root@example.com', password: 'b' })).toBe(VIEW)
})

it('what fails for another reason than the e-mail is not taken for success', async () => {
  const { setup } = setUp({ users: { create: async () => Promise.reject(new Error('down')) } })

  await expect(setup.fromEnvironment('root@example.com', 'x')).rejects.toThrow('down')
})

it.each([
  ['went away meanwhile', undefined],
  ['is disabled', { id: 'b'.repeat(24), is_active: false }],
])('a user who has the e-mail and %s is made nothing', async (_, user) => {
  const { setup } = setUp({ users: taken, access: { credentialsByEmail: async () => user as never } })

  await expect(setup.fromEnvironment('root@example.com', 'x')).rejects.toThrow(EmailTakenError)
})

it('an e-mail that another process took for the administrator just now is no failure', async () => {
  const answers = [false, true]
  const { setup } = setUp({ users: taken, access: { anyAdministrator: async () => answers.shift()! } })

  expect(await setup.fromEnvironment('root@example.com', 'x')).toEqual({ kind: 'there' })
})

it('a link that was taken while somebody else finished is given back, and tells that it is done', async () => {
  const answers = [false, true]
  const { setup, given_back } = setUp({ access: { anyAdministrator: async () => answers.shift()! } })

  await expect(setup.complete('token', { name: 'a', email: 'b', password: 'c' })).rejects.toMatchObject({
    code: 'SETUP_DONE',
  })
  expect(given_back).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
})
