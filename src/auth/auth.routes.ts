import type { ObjectSchema } from 'joi'
import { AppError } from '../errors'
import { ANYONE, PEOPLE } from '../http/access'
import { personOf } from '../http/caller'
import { NOTHING } from '../http/replies'
import { type Resource, type Route, route } from '../http/route'
import * as schemas from './auth.schemas'
import type { AuthService, LoginInput, StepUpInput } from './auth.service'
import type { SessionService } from './session.service'

export interface AuthServices {
  readonly auth: AuthService
  readonly sessions: SessionService
  /** How long a proof of identity serves for dangerous calls, in seconds. */
  readonly stepUpMaxAgeS: number
}

const TAG = 'Sign-in'
const BASE = '/auth'

/** `/auth`: the table of what a person does with its own sessions. */
export function authResource(services: AuthServices, userView: ObjectSchema): Resource {
  return {
    base: BASE,
    routes: [
      ...credentialRoutes(services, userView),
      ...ownRoutes(services, userView),
      ...sessionRoutes(services.sessions),
    ],
  }
}

function credentialRoutes({ auth, sessions, stepUpMaxAgeS }: AuthServices, userView: ObjectSchema): readonly Route[] {
  return [
    route<unknown, unknown, LoginInput>({
      method: 'post',
      path: '/login',
      operation: 'logIn',
      access: ANYONE,
      tag: TAG,
      summary: 'Sign in',
      description:
        'Whatever is wrong with the e-mail or the password, the answer is the same 401. MFA_REQUIRED: the password is ' +
        'right, and a code of the authenticator must come with it.',
      secret: true,
      body: schemas.loginBody,
      successes: [{ status: 200, description: 'Signed in', data: schemas.loginView(userView) }],
      errors: ['UNAUTHENTICATED', 'MFA_REQUIRED', 'ACCOUNT_LOCKED', 'RATE_LIMITED'],
      handle: async ({ body, client }) => ({
        status: 200,
        data: await auth.login(body, client),
        message: 'Signed in',
      }),
    }),
    route<unknown, unknown, { readonly refresh_token: string }>({
      method: 'post',
      path: '/refresh',
      operation: 'refresh',
      access: ANYONE,
      tag: TAG,
      summary: 'Get the next access token',
      description:
        'The refresh token is good once: its successor is in the answer, the same one for every call within 10 ' +
        'seconds. Later it is a sign of theft, and ends the session.',
      limit: 'credentials',
      secret: true,
      body: schemas.refreshBody,
      successes: [{ status: 200, description: 'Refreshed', data: schemas.tokensView }],
      errors: ['UNAUTHENTICATED', 'CONFLICT', 'RATE_LIMITED'],
      handle: async ({ body }) => ({
        status: 200,
        data: await sessions.refresh(body.refresh_token),
        message: 'Refreshed',
      }),
    }),
    route<unknown, unknown, StepUpInput>({
      method: 'post',
      path: '/step-up',
      operation: 'stepUp',
      access: PEOPLE,
      tag: TAG,
      summary: 'Prove again who calls',
      description: `Dangerous calls want a proof that is at most ${stepUpMaxAgeS} seconds old. A login is one, too.`,
      secret: true,
      body: schemas.stepUpBody,
      successes: [{ status: 200, description: 'Proved', data: schemas.steppedUpView }],
      errors: ['UNAUTHENTICATED', 'MFA_REQUIRED', 'ACCOUNT_LOCKED', 'RATE_LIMITED'],
      handle: async ({ body, caller, client }) => {
        const provedAt = await auth.stepUp(caller, body, client)
        const validUntil = new Date(provedAt.getTime() + stepUpMaxAgeS * 1_000)
        return { status: 200, data: { valid_until: validUntil.toISOString() }, message: 'Proved' }
      },
    }),
  ]
}

function ownRoutes({ auth }: AuthServices, userView: ObjectSchema): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/logout',
      operation: 'logOut',
      access: PEOPLE,
      tag: TAG,
      summary: 'Sign out: end this session',
      successes: [{ status: 204, description: 'Signed out', data: null }],
      errors: [],
      handle: async ({ caller }) => {
        await auth.logout(caller)
        return NOTHING
      },
    }),
    route({
      method: 'get',
      path: '/me',
      operation: 'getMe',
      access: PEOPLE,
      tag: TAG,
      summary: 'Read the own profile, and what one may do',
      successes: [{ status: 200, description: 'Profile found', data: schemas.meView(userView) }],
      errors: [],
      handle: async ({ caller }) => ({ status: 200, data: await auth.me(caller), message: 'Profile found' }),
    }),
  ]
}

function sessionRoutes(sessions: SessionService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/sessions',
      operation: 'listSessions',
      access: PEOPLE,
      tag: TAG,
      summary: 'List the own sessions',
      successes: [{ status: 200, description: 'Sessions listed', data: schemas.sessionListView }],
      errors: [],
      handle: async ({ caller }) => ({
        status: 200,
        data: await sessions.listFor(personOf(caller), caller.sessionId),
        message: 'Sessions listed',
      }),
    }),
    route({
      method: 'delete',
      path: '/sessions',
      operation: 'endOtherSessions',
      access: PEOPLE,
      tag: TAG,
      summary: 'End the own sessions but this one',
      successes: [{ status: 200, description: 'Sessions ended', data: schemas.endedView }],
      errors: [],
      handle: async ({ caller }) => ({
        status: 200,
        data: { ended: await sessions.endAll(personOf(caller), caller.sessionId) },
        message: 'Sessions ended',
      }),
    }),
    route<{ readonly id: string }>({
      method: 'delete',
      path: '/sessions/:id',
      operation: 'endSession',
      access: PEOPLE,
      tag: TAG,
      summary: 'End one of the own sessions',
      params: schemas.sessionParams,
      successes: [{ status: 204, description: 'Session ended', data: null }],
      errors: ['SESSION_NOT_FOUND'],
      handle: async ({ params, caller }) => {
        if (!(await sessions.end(params.id, personOf(caller)))) throw new AppError('SESSION_NOT_FOUND')
        return NOTHING
      },
    }),
  ]
}
