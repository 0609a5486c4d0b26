import { ANYONE, holdersOf } from '../http/access'
import { created, found } from '../http/replies'
import { type Reply, type Resource, type Route, route } from '../http/route'
import type { AccountSchemas } from './account.schemas'
import type { EmailVerificationService } from './email-verification.service'
import type { AcceptInput, InvitationService, InviteInput } from './invitation.service'
import type { PasswordResetService } from './password-reset.service'
import type { RegisterInput, RegistrationService } from './registration.service'

export interface AccountServices {
  readonly registration: RegistrationService
  readonly verification: EmailVerificationService
  readonly resets: PasswordResetService
  readonly invitations: InvitationService
}

interface WithEmail {
  readonly email: string
}
interface WithToken {
  readonly token: string
}

const TAG = 'Accounts'
/** A path of the answer's own: also where the request came in under an alias. */
const LOCATION = '/api/v1/users'
const ETAG = { ETag: 'The version of the user' }
const CREATED = { ...ETAG, Location: 'The path of the user' }

/** The life cycle of accounts below `/auth`: the table of its routes. */
export function accountResource(services: AccountServices, schemas: AccountSchemas): Resource {
  return {
    base: '/auth',
    routes: [
      ...registrationRoutes(services, schemas),
      ...passwordRoutes(services, schemas),
      ...invitationRoutes(services, schemas),
    ],
  }
}

function registrationRoutes(
  { registration, verification }: AccountServices,
  schemas: AccountSchemas,
): readonly Route[] {
  return [
    route<unknown, unknown, RegisterInput>({
      method: 'post',
      path: '/register',
      operation: 'register',
      access: ANYONE,
      limit: 'mail',
      tag: TAG,
      summary: 'Make an account for oneself',
      description:
        'Only with ALLOW_REGISTRATION. A mail asks to verify the address. With ENUMERATION_SAFE the answer is always ' +
        '202, whether or not the address has an account.',
      body: schemas.registerBody,
      successes: [
        { status: 201, description: 'Registered', data: schemas.userView, headers: CREATED },
        { status: 202, description: 'The rest is in a mail', data: schemas.nothing },
      ],
      errors: ['EMAIL_TAKEN'],
      handle: async ({ body, effect }) => {
        const user = await registration.register(body, effect)
        return user ? created(user, `${LOCATION}/${user.id}`, 'Registered') : mailed('A mail was sent to this address')
      },
    }),
    route<unknown, unknown, WithToken>({
      method: 'post',
      path: '/email/verify',
      operation: 'verifyEmail',
      access: ANYONE,
      limit: 'credentials',
      tag: TAG,
      summary: 'Confirm an e-mail address with a mailed token',
      description: 'Also confirms a change of e-mail: 202 after the first of its two addresses, 200 after the second.',
      body: schemas.tokenBody,
      successes: [
        { status: 200, description: 'Confirmed', data: schemas.userView, headers: ETAG },
        { status: 202, description: 'The other address is still to confirm', data: schemas.pendingView },
      ],
      errors: ['TOKEN_INVALID', 'EMAIL_TAKEN', 'CONFLICT'],
      handle: async ({ body, effect }) => {
        const confirmed = await verification.confirm(body.token, effect)
        if ('user' in confirmed) return found(confirmed.user, 'E-mail confirmed')
        return { status: 202, data: confirmed, message: 'Confirmed; the other address is still to confirm' }
      },
    }),
    route<unknown, unknown, WithEmail>({
      method: 'post',
      path: '/email/verify/resend',
      operation: 'resendVerification',
      access: ANYONE,
      limit: 'mail',
      tag: TAG,
      summary: 'Ask for another mail to verify an address',
      description: 'The answer never tells whether the address has an account.',
      body: schemas.emailBody,
      successes: [{ status: 202, description: 'A mail is sent if there is anything to verify', data: schemas.nothing }],
      errors: [],
      handle: async ({ body }) => {
        await verification.resend(body.email)
        return mailed('If this address is still to be verified, a mail was sent to it')
      },
    }),
  ]
}

function passwordRoutes({ resets }: AccountServices, schemas: AccountSchemas): readonly Route[] {
  return [
    route<unknown, unknown, WithEmail>({
      method: 'post',
      path: '/password/forgot',
      operation: 'forgotPassword',
      access: ANYONE,
      limit: 'mail',
      tag: TAG,
      summary: 'Ask for a mail to choose a new password',
      description: 'The answer never tells whether the address has an account.',
      body: schemas.emailBody,
      successes: [{ status: 202, description: 'A mail is sent if the address has an account', data: schemas.nothing }],
      errors: [],
      handle: async ({ body }) => {
        await resets.forgot(body.email)
        return mailed('If this address has an account, a mail was sent to it')
      },
    }),
    route<unknown, unknown, WithToken & { readonly password: string }>({
      method: 'post',
      path: '/password/reset',
      operation: 'resetPassword',
      access: ANYONE,
      limit: 'credentials',
      tag: TAG,
      summary: 'Choose a new password with a mailed token',
      description: 'Every session of the user ends; an account that was locked is open again.',
      body: schemas.resetBody,
      successes: [{ status: 200, description: 'Password set', data: schemas.userView, headers: ETAG }],
      errors: ['TOKEN_INVALID', 'CONFLICT'],
      handle: async ({ body, effect }) => found(await resets.reset(body.token, body.password, effect), 'Password set'),
    }),
  ]
}

function invitationRoutes({ invitations }: AccountServices, schemas: AccountSchemas): readonly Route[] {
  return [
    route<unknown, unknown, InviteInput>({
      method: 'post',
      path: '/invitations',
      operation: 'inviteUser',
      access: holdersOf('users:write'),
      tag: TAG,
      summary: 'Make a user who chooses the password by mail',
      description:
        'A user who has no password yet is invited again: 200, the user stays as it is, and the earlier mail is void.',
      body: schemas.inviteBody,
      successes: [
        { status: 201, description: 'User created and invited', data: schemas.userView, headers: CREATED },
        { status: 200, description: 'Invited again', data: schemas.userView, headers: ETAG },
      ],
      errors: ['EMAIL_TAKEN', 'RATE_LIMITED'],
      handle: async ({ body, caller, effect }) => {
        const { user, again } = await invitations.invite(caller, body, effect)
        return again ? found(user, 'Invited again') : created(user, `${LOCATION}/${user.id}`, 'User invited')
      },
    }),
    route<unknown, unknown, AcceptInput>({
      method: 'post',
      path: '/invitations/accept',
      operation: 'acceptInvitation',
      access: ANYONE,
      limit: 'credentials',
      tag: TAG,
      summary: 'Choose a password with the token of an invitation',
      body: schemas.acceptBody,
      successes: [{ status: 200, description: 'Invitation accepted', data: schemas.userView, headers: ETAG }],
      errors: ['TOKEN_INVALID', 'CONFLICT'],
      handle: async ({ body, effect }) => found(await invitations.accept(body, effect), 'Invitation accepted'),
    }),
  ]
}

/** The same for everybody: what else there is to say stands in a mail. */
function mailed(message: string): Reply {
  return { status: 202, data: null, message }
}
