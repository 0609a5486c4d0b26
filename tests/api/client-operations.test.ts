import { RollcallClient } from '../../src/client/index'
import { OPERATIONS, type Operations } from '../../src/client/types.gen'
import { startApi, type TestApi } from '../support/api'

/** The method for each operation: the compiler asks for every one that the client's types know. */
const METHODS: { readonly [Name in keyof Operations]: (client: RollcallClient) => Promise<unknown> } = {
  createUser: ({ users }) => users.create({ email: 'ada@example.com' }),
  listUsers: ({ users }) => users.list(),
  getUser: ({ users }) => users.get('1'),
  replaceUser: ({ users }) => users.replace('1', { email: 'ada@example.com' }),
  patchUser: ({ users }) => users.patch('1', { age: 36 }),
  deleteUser: ({ users }) => users.delete('1'),
  changeEmail: ({ users }) => users.changeEmail('1', 'ada@example.com'),
  setPassword: ({ users }) => users.setPassword('1', 'Password@123'),
  restoreUser: ({ users }) => users.restore('1'),
  listUserRoles: ({ users }) => users.grants('1'),
  addUserRoles: ({ users }) => users.grant('1', ['ADMIN']),
  replaceUserRoles: ({ users }) => users.replaceGrants('1', ['ADMIN']),
  removeUserRole: ({ users }) => users.revoke('1', 'ADMIN'),
  inviteUser: ({ users }) => users.invite({ email: 'ada@example.com' }),
  unlockUser: ({ users }) => users.unlock('1'),
  listUserSessions: ({ users }) => users.sessions('1'),
  endUserSessions: ({ users }) => users.endSessions('1'),
  removeUserAuthenticator: ({ users }) => users.removeAuthenticator('1'),
  exportUser: ({ users }) => users.export('1'),
  purgeUser: ({ users }) => users.purge('1'),
  createRole: ({ roles }) => roles.create({ name: 'AUDITOR' }),
  listRoles: ({ roles }) => roles.list(),
  getRole: ({ roles }) => roles.get('AUDITOR'),
  replaceRole: ({ roles }) => roles.replace('AUDITOR', {}),
  patchRole: ({ roles }) => roles.patch('AUDITOR', {}),
  deleteRole: ({ roles }) => roles.delete('AUDITOR'),
  logIn: ({ auth }) => auth.login({ email: 'ada@example.com', password: 'Password@123' }),
  refresh: ({ auth }) => auth.refresh(),
  stepUp: ({ auth }) => auth.stepUp({ password: 'Password@123' }),
  logOut: ({ auth }) => auth.logout(),
  getMe: ({ auth }) => auth.me(),
  listSessions: ({ auth }) => auth.sessions(),
  endOtherSessions: ({ auth }) => auth.endOtherSessions(),
  endSession: ({ auth }) => auth.endSession('1'),
  register: ({ auth }) => auth.register({ email: 'ada@example.com', password: 'Password@123' }),
  verifyEmail: ({ auth }) => auth.verifyEmail('token'),
  resendVerification: ({ auth }) => auth.resendVerification('ada@example.com'),
  forgotPassword: ({ auth }) => auth.forgotPassword('ada@example.com'),
  resetPassword: ({ auth }) => auth.resetPassword('token', 'Password@123'),
  acceptInvitation: ({ auth }) => auth.acceptInvitation({ token: 'token', password: 'Password@123' }),
  setUp: ({ auth }) => auth.setUp({ token: 'token', name: 'Ada', email: 'ada@example.com', password: 'Password@123' }),
  explainAccess: ({ auth }) => auth.explain({ method: 'GET', path: '/users' }),
  listApiKeys: ({ auth }) => auth.apiKeys(),
  createApiKey: ({ auth }) => auth.createApiKey({ name: 'Import', permissions: ['users:read'] }),
  revokeApiKey: ({ auth }) => auth.revokeApiKey('1'),
  getSecondFactor: ({ auth }) => auth.mfa.status(),
  beginAuthenticator: ({ auth }) => auth.mfa.begin(),
  activateAuthenticator: ({ auth }) => auth.mfa.activate('123456'),
  renewRecoveryCodes: ({ auth }) => auth.mfa.renewRecoveryCodes(),
  removeAuthenticator: ({ auth }) => auth.mfa.remove(),
  ping: ({ health }) => health.ping(),
  health: ({ health }) => health.report(),
  live: ({ health }) => health.live(),
  ready: ({ health }) => health.ready(),
}

/** The first request that a method sends. */
async function requestOf(method: (client: RollcallClient) => Promise<unknown>): Promise<string | undefined> {
  const sent: string[] = []
  const client = new RollcallClient({
    baseUrl: 'http://127.0.0.1:1',
    session: { accessToken: 'a', refreshToken: 'r' },
    retries: 0,
    transport: {
      send: ({ method: verb, target }) => {
        sent.push(`${verb} ${target.replace(/\?.*/, '')}`)
        return Promise.reject(new Error('sent'))
      },
      close: async () => undefined,
    },
  })
  await expect(method(client)).rejects.toThrow()
  return sent[0]
}

/** `GET /users/{id}` as an expression that `GET /users/1` meets. */
function shapeOf({ method, path }: { readonly method: string; readonly path: string }): RegExp {
  return new RegExp(`^${method} ${path.replace(/\{\w+\}/g, '[^/]+')}$`)
}

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

it('the client has a method for every operation of the OpenAPI document', async () => {
  const { body } = await api.request.get('/openapi.json').expect(200)
  const documented = Object.values(body.paths).flatMap((methods) =>
    Object.values(methods as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  )

  expect(Object.keys(METHODS).sort()).toEqual(documented.sort())
})

it.each(Object.entries(METHODS))('%s is sent by its method', async (name, method) => {
  expect(await requestOf(method)).toMatch(shapeOf(OPERATIONS[name as keyof Operations]))
})
