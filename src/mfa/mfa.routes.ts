import { AppError } from '../errors'
import { holdersOf, PEOPLE } from '../http/access'
import { personOf } from '../http/caller'
import { NOTHING } from '../http/replies'
import { type Input, type Resource, type Route, route } from '../http/route'
import * as schemas from './mfa.schemas'
import type { MfaService, Person } from './mfa.service'

const TAG = 'Second factor'
const REMOVED = [{ status: 204, description: 'Authenticator removed', data: null }] as const

/** `/auth/mfa`: a person's own second factor. */
export function mfaResource(mfa: MfaService): Resource {
  return { base: '/auth', routes: [...totpRoutes(mfa), ...recoveryRoutes(mfa)] }
}

/** `/users/{id}/mfa`: for whoever has lost the device. */
export function userMfaResource(mfa: MfaService): Resource {
  return {
    base: '/users',
    aliases: ['/user'],
    routes: [
      route<{ readonly id: string }>({
        method: 'delete',
        path: '/:id/mfa',
        operation: 'removeUserAuthenticator',
        access: holdersOf('users:write', 'user'),
        rank: true,
        stepUp: true,
        tag: TAG,
        summary: 'Remove the authenticator of a user who has lost it',
        description: 'All sessions of the user end, and the user is told by mail.',
        params: schemas.userParams,
        successes: REMOVED,
        errors: ['USER_NOT_FOUND', 'MFA_NOT_ACTIVE'],
        handle: async ({ params, caller }) => {
          if (caller.kind === 'api_key' && caller.userId === params.id) throw notByOwnKey()
          await mfa.remove(params.id)
          return NOTHING
        },
      }),
    ],
  }
}

function totpRoutes(mfa: MfaService): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/mfa/totp',
      operation: 'beginAuthenticator',
      access: PEOPLE,
      stepUp: true,
      secret: true,
      tag: TAG,
      summary: 'Set up an authenticator',
      description: 'It counts for nothing until it is activated with one of its codes, within an hour.',
      successes: [{ status: 200, description: 'Secret made', data: schemas.secretView }],
      errors: ['MFA_ACTIVE'],
      handle: async ({ caller }) => ({ status: 200, data: await mfa.begin(personOf(caller)), message: 'Secret made' }),
    }),
    route<unknown, unknown, { readonly code: string }>({
      method: 'post',
      path: '/mfa/totp/activate',
      operation: 'activateAuthenticator',
      access: PEOPLE,
      secret: true,
      tag: TAG,
      summary: 'Activate the authenticator with one of its codes',
      description: 'From then on logging in asks for a code. All other sessions of the person end.',
      body: schemas.activateBody,
      successes: [{ status: 200, description: 'Authenticator activated', data: schemas.recoveryCodesView }],
      errors: ['TOKEN_INVALID', 'MFA_ACTIVE', 'MFA_NOT_ACTIVE', 'ACCOUNT_LOCKED', 'RATE_LIMITED'],
      handle: async (input) => {
        const recovery_codes = await mfa.activate(userOf(input), input.body.code.replace(/\s/g, ''))
        return { status: 200, data: { recovery_codes }, message: 'Authenticator activated' }
      },
    }),
    route({
      method: 'delete',
      path: '/mfa/totp',
      operation: 'removeAuthenticator',
      access: PEOPLE,
      stepUp: true,
      tag: TAG,
      summary: 'Remove the authenticator',
      description: 'All other sessions of the person end.',
      successes: REMOVED,
      errors: ['MFA_NOT_ACTIVE'],
      handle: async ({ caller }) => {
        await mfa.remove(personOf(caller), caller.sessionId)
        return NOTHING
      },
    }),
  ]
}

function recoveryRoutes(mfa: MfaService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/mfa',
      operation: 'getSecondFactor',
      access: PEOPLE,
      tag: TAG,
      summary: 'Read how the second factor stands',
      successes: [{ status: 200, description: 'Second factor read', data: schemas.mfaView }],
      errors: [],
      handle: async ({ caller }) => ({
        status: 200,
        data: await mfa.state(personOf(caller)),
        message: 'Second factor read',
      }),
    }),
    route({
      method: 'post',
      path: '/mfa/recovery-codes',
      operation: 'renewRecoveryCodes',
      access: PEOPLE,
      stepUp: true,
      secret: true,
      tag: TAG,
      summary: 'Replace the recovery codes',
      successes: [{ status: 200, description: 'Recovery codes replaced', data: schemas.recoveryCodesView }],
      errors: ['MFA_NOT_ACTIVE'],
      handle: async ({ caller }) => {
        const recovery_codes = await mfa.renewRecoveryCodes(personOf(caller))
        return { status: 200, data: { recovery_codes }, message: 'Recovery codes replaced' }
      },
    }),
  ]
}

function userOf({ caller, client }: Pick<Input, 'caller' | 'client'>): Person {
  return { userId: personOf(caller), sessionId: caller.sessionId, address: client.address }
}

/** A key is not asked for a fresh proof: whoever has stolen it must not take the second factor off its maker. */
function notByOwnKey(): AppError {
  return new AppError('FORBIDDEN', { message: 'An API key cannot remove the authenticator of its maker' })
}
