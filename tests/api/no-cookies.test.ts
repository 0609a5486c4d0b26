import { startApi, type TestApi } from '../support/api'
import { signIn } from '../support/sign-in'

const PASSWORD = 'Password@123'
const PAGES = ['/docs', '/redoc', '/openapi.json', '/setup', '/setup/setup.js', '/.well-known/jwks.json', '/nowhere']

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

let api: TestApi

beforeAll(async () => {
  api = await startApi({ AUTH_MODE: 'required', ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: PASSWORD })
})
afterAll(() => api.stop())

it('no route sets a cookie, so no browser has one to add to a call that its user did not mean', async () => {
  const { headers, userId } = await signIn(api, 'root@example.com', PASSWORD)
  const { body } = await api.request.get('/openapi.json')
  const calls = Object.entries((body as Document).paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method, path: path.replace('{id}', userId).replace(/\{\w+\}/, 'CLIENT') })),
  )
  // The last: whoever has logged out is nobody.
  const ordered = [
    ...calls.filter(({ path }) => !path.endsWith('/logout')),
    ...PAGES.map((path) => ({ method: 'get', path })),
  ]
  const setting: string[] = []
  for (const { method, path } of ordered) {
    for (const credentials of [{}, headers]) {
      const call = api.request[method as 'get'](path).set(credentials)
      const answer = await (method === 'get' ? call : call.send({}))
      if (answer.headers['set-cookie'] !== undefined) setting.push(`${method} ${path}`)
    }
  }
  const login = await api.request.post('/auth/login').send({ email: 'root@example.com', password: PASSWORD })

  expect(calls.length).toBeGreaterThan(40)
  expect([login.status, login.headers['set-cookie']]).toEqual([200, undefined])
  expect(setting).toEqual([])
})
