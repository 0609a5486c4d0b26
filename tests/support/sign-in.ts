import type { TestApi } from './api'

export interface SignedIn {
  readonly userId: string
  readonly sessionId: string
  readonly accessToken: string
  readonly refreshToken: string
  /** For supertest's `.set(…)`. */
  readonly headers: { readonly Authorization: string }
}

/** Signs in over HTTP. Fails with the whole answer when that does not work. */
export async function signIn(
  api: Pick<TestApi, 'request'>,
  email: string,
  password: string,
  code?: string,
): Promise<SignedIn> {
  const response = await api.request
    .post('/auth/login')
    .send({ email, password, ...(code === undefined ? {} : { code }) })
  if (response.status !== 200) throw new Error(`The login of ${email} failed: ${response.status} ${response.text}`)
  const { access_token: accessToken, refresh_token: refreshToken, session_id: sessionId, user } = response.body.data
  return { userId: user.id, sessionId, accessToken, refreshToken, headers: { Authorization: `Bearer ${accessToken}` } }
}
