import type { TestApi } from './api'
import { signIn } from './sign-in'

/** Keep to a service that was started with these. */
export const OPERATOR_KEY = 'an-operator-key-of-some-forty-characters'
export const REQUIRED = { AUTH_MODE: 'required', BOOTSTRAP_API_KEY: OPERATOR_KEY } as const
export const PASSWORD = 'Password@123'

export interface Someone {
  readonly id: string
  readonly email: string
  readonly token: string
}

/** Calls a service as whoever is named by a token. */
export function callersOf(api: TestApi) {
  let made = 0
  const as = (token: string | undefined) => {
    const send = (method: 'get' | 'post' | 'put' | 'patch' | 'delete') => (path: string) => {
      const sent = api.request[method](path)
      return token === undefined ? sent : sent.set('Authorization', `Bearer ${token}`)
    }
    return { get: send('get'), post: send('post'), put: send('put'), patch: send('patch'), delete: send('delete') }
  }
  const operator = as(OPERATOR_KEY)
  const role = async (name: string, ...permissions: string[]) => {
    const { status } = await operator.post('/roles').send({ name, permissions })
    if (status !== 201) throw new Error(`The role ${name} was not made: ${status}`)
  }
  const someone = async (...roles: string[]): Promise<Someone> => {
    const email = `someone${(made += 1)}@example.com`
    const { body } = await operator.post('/users').send({ name: 'Some One', email, password: PASSWORD, roles })
    const { accessToken } = await signIn(api, email, PASSWORD)
    return { id: body.data.id, email, token: accessToken }
  }
  return { as, operator, role, someone }
}

interface Answer {
  readonly status: number
  readonly body: {
    readonly data: { readonly code: string; readonly errors: readonly { field: string; code: string }[] }
  }
}

/** [403, 'FORBIDDEN', 'roles: access.permission', …] */
export function refusal({ status, body }: Answer): readonly (number | string)[] {
  return [status, body.data.code, ...body.data.errors.map(({ field, code }) => `${field}: ${code}`)]
}
