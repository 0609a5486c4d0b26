import { createHmac } from 'node:crypto'
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { startApi, type TestApi } from '../support/api'
import { type SignedIn, signIn } from '../support/sign-in'

const KEY = 'k'.repeat(40)
const PASSWORD = 'Password@123'

let api: TestApi
let john: SignedIn
/** The service's own keys: what is forged with them is wrong in one point alone. */
let kid: string
let publicJwk: JWK
let privateJwk: JWK

beforeAll(async () => {
  api = await startApi({ AUTH_MODE: 'required', BOOTSTRAP_API_KEY: KEY })
  const user = { name: 'John Doe', email: 'john@example.com', password: PASSWORD, roles: ['ADMIN'] }
  const created = await api.request.post('/users').set('Authorization', `Bearer ${KEY}`).send(user)
  expect(created.status).toBe(201)
  john = await signIn(api, user.email, PASSWORD)
  const stored = await api.connection.collection('signing_keys').findOne({})
  kid = String(stored!._id)
  publicJwk = stored!['public_jwk']
  privateJwk = JSON.parse(String(stored!['private_jwk']).replace(/^plain\./, ''))
})
afterAll(() => api.stop())

const nowS = () => Math.floor(Date.now() / 1_000)
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const header = (change: object = {}) => ({ alg: 'EdDSA', kid, typ: 'at+jwt', ...change })
const claims = (change: object = {}) => ({
  sid: john.sessionId,
  iss: 'rollcall',
  aud: 'rollcall',
  sub: john.userId,
  jti: 'a',
  iat: nowS(),
  exp: nowS() + 900,
  ...change,
})

async function signed(headerChange: object = {}, claimsChange: object = {}, jwk: JWK = privateJwk): Promise<string> {
  return new SignJWT(claims(claimsChange))
    .setProtectedHeader(header(headerChange))
    .sign(await importJWK({ ...jwk, alg: 'EdDSA' }, 'EdDSA'))
}

function withMac(alg: 'HS256' | 'HS512', secret: string | Buffer): string {
  const text = `${encode(header({ alg }))}.${encode(claims())}`
  const mac = createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret).update(text)
  return `${text}.${mac.digest('base64url')}`
}

async function foreignKey(): Promise<JWK> {
  return exportJWK((await generateKeyPair('EdDSA', { extractable: true })).privateKey)
}

async function publicPem(): Promise<string> {
  return exportSPKI((await importJWK(publicJwk, 'EdDSA', { extractable: true })) as never)
}

const call = (token: string) => api.request.get('/auth/me').set('Authorization', `Bearer ${token}`)

it('a token that is made like this is good: what follows is wrong in one point each', async () => {
  expect((await call(await signed())).status).toBe(200)
})

describe('a forged token gets the same 401 as any other', () => {
  const forgeries: [string, () => string | Promise<string>][] = [
    ['alg none', () => `${encode(header({ alg: 'none' }))}.${encode(claims())}.`],
    [
      'alg none, with a signature',
      async () => `${encode(header({ alg: 'none' }))}.${(await signed()).split('.').slice(1).join('.')}`,
    ],
    ['signed with another key', async () => signed({}, {}, await foreignKey())],
    ['another key that comes along as jwk', async () => signed({ jwk: publicJwk, kid: 'x' }, {}, await foreignKey())],
    ['HS256 with the public key as the secret', () => withMac('HS256', Buffer.from(String(publicJwk.x), 'base64url'))],
    ['HS256 with the PEM of the public key', async () => withMac('HS256', await publicPem())],
    ['HS512', async () => withMac('HS512', await publicPem())],
    ['no exp', () => signed({}, { exp: undefined })],
    ['expired', () => signed({}, { exp: nowS() - 1 })],
    [
      'exp that is no number',
      async () => `${encode(header())}.${encode(claims({ exp: '9999999999' }))}.${(await signed()).split('.')[2]}`,
    ],
    ['not yet valid', () => signed({}, { nbf: nowS() + 600 })],
    ['another audience', () => signed({}, { aud: 'billing' })],
    ['no audience', () => signed({}, { aud: undefined })],
    ['another issuer', () => signed({}, { iss: 'https://evil.example.com' })],
    ['no issuer', () => signed({}, { iss: undefined })],
    ['no session', () => signed({}, { sid: undefined })],
    ['a session that is no text', () => signed({}, { sid: { $ne: null } })],
    ['a session that there is not', () => signed({}, { sid: 'f'.repeat(32) })],
    ['another user', () => signed({}, { sub: '0'.repeat(24) })],
    ['no user', () => signed({}, { sub: undefined })],
    ['no jti', () => signed({}, { jti: undefined })],
    ['no iat', () => signed({}, { iat: undefined })],
    ['no typ', () => signed({ typ: undefined })],
    ['another typ', () => signed({ typ: 'JWT' })],
    ['an unknown kid', () => signed({ kid: 'unknown' })],
    ['no kid', () => signed({ kid: undefined })],
    ['a kid that is a path', () => signed({ kid: '../../../../dev/null' })],
    ['a kid that is a property of every object', () => signed({ kid: '__proto__' })],
    [
      'a critical header that we do not know',
      async () =>
        signed({ kid }).then(
          (token) => `${encode(header({ crit: ['x'], x: 1 }))}.${token.split('.').slice(1).join('.')}`,
        ),
    ],
    [
      'a changed payload',
      async () => {
        const [head, , signature] = (await signed()).split('.')
        return `${head}.${encode(claims({ exp: nowS() + 9_000 }))}.${signature}`
      },
    ],
    ['truncated', async () => (await signed()).slice(0, -4)],
    ['without its signature', async () => `${(await signed()).split('.').slice(0, 2).join('.')}.`],
    ['two parts', async () => (await signed()).split('.').slice(0, 2).join('.')],
    ['five parts', async () => `${await signed()}.a.b`],
    ['a refresh token', () => john.refreshToken],
    ['an API key that there is not', () => `rck_${'a'.repeat(12)}_${'b'.repeat(43)}_000000`],
    ['the key from the environment and more', () => `${KEY}x`],
    ['very long', () => 'a'.repeat(5_000)],
    ['no token at all', () => 'x'],
  ]
  test.each(forgeries)('%s', async (_, forge) => {
    const response = await call(await forge()).set('X-Request-Id', 'same')
    expect(response.status).toBe(401)
    expect(response.text).toBe(
      '{"data":{"code":"UNAUTHENTICATED","errors":[],"request_id":"same"},' +
        '"message":"This call needs a valid access token or API key","status_code":401}',
    )
    expect(response.headers['www-authenticate']).toBe('Bearer')
  })
})

it('no token gets the same 401, too', async () => {
  const response = await api.request.get('/users').set('X-Request-Id', 'same')
  expect(response.status).toBe(401)
  expect(response.body.data).toEqual({ code: 'UNAUTHENTICATED', errors: [], request_id: 'same' })
  expect(response.headers['www-authenticate']).toBe('Bearer')
})

it('the published key set lets others verify, and holds no private key', async () => {
  const response = await api.request.get('/.well-known/jwks.json')
  expect(response.headers['content-type']).toBe('application/jwk-set+json')
  expect(response.headers['cache-control']).toBe('public, max-age=60')
  const keySet = JSON.parse(response.text ?? response.body.toString())
  expect(keySet).toEqual({ keys: [{ ...publicJwk, kid, alg: 'EdDSA', use: 'sig' }] })
  expect(Object.keys(keySet.keys[0])).not.toContain('d')
  const { payload, protectedHeader } = await jwtVerify(john.accessToken, createLocalJWKSet(keySet))
  expect(protectedHeader).toEqual({ alg: 'EdDSA', kid, typ: 'at+jwt' })
  expect(payload).toEqual({
    iss: 'rollcall',
    aud: 'rollcall',
    sub: john.userId,
    sid: john.sessionId,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    iat: expect.any(Number),
    exp: payload.iat! + 900,
  })
  const refused = await api.request.post('/.well-known/jwks.json')
  expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS'])
})

it('every permission of a token is read at each call: none is in it', () => {
  const payload = JSON.parse(Buffer.from(john.accessToken.split('.')[1]!, 'base64url').toString())
  expect(Object.keys(payload).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
})
