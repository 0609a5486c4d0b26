import type { ObjectSchema } from 'joi'
import { joi, strictObject } from '../http/joi'
import { emailSchema } from '../http/person-fields'

/** Longer ones are nobody's: no password has more than 72 bytes. */
const PASSWORD_LENGTH_MAX = 1_024
const CODE_LENGTH_MAX = 64
const REFRESH_TOKEN_LENGTH_MAX = 512

const password = joi.string().max(PASSWORD_LENGTH_MAX).required().example('Password@123')
const code = joi
  .string()
  .max(CODE_LENGTH_MAX)
  .description('Of the authenticator, or a recovery code, where an authenticator is active')
  .example('123456')

export const loginBody = strictObject({
  email: emailSchema().required().description('The e-mail address of the account'),
  password,
  code,
}).meta({ component: 'Login' })

export const stepUpBody = strictObject({ password, code }).meta({ component: 'StepUp' })

export const refreshBody = strictObject({
  refresh_token: joi
    .string()
    .max(REFRESH_TOKEN_LENGTH_MAX)
    .required()
    .description('The newest one of the session')
    .example('rcr_…'),
}).meta({ component: 'Refresh' })

const id = joi.string().required().description('The id of the session').example('0f4c6b1d9e8a7f6b5c4d3e2f1a0b9c8d')
export const sessionParams = joi.object({ id })
export const userParams = joi.object({
  id: joi.string().required().description('The id of the user').example('66f0c1a2b3c4d5e6f7a8b9c0'),
})

const tokenKeys = {
  access_token: joi.string().required().description('A JWT for the Authorization header').example('eyJ…'),
  token_type: joi.string().valid('Bearer').required(),
  expires_in: joi.number().integer().required().description('How long it is good, in seconds').example(900),
  refresh_token: joi.string().required().description('For the next access token; it is good once').example('rcr_…'),
  refresh_expires_in: joi
    .number()
    .integer()
    .required()
    .description('How long the session lasts without a refresh, in seconds')
    .example(2_592_000),
  session_id: joi.string().required().example('0f4c6b1d9e8a7f6b5c4d3e2f1a0b9c8d'),
}

export const tokensView = joi.object(tokenKeys).meta({ component: 'Tokens' })

export function loginView(userView: ObjectSchema): ObjectSchema {
  return joi.object({ ...tokenKeys, user: userView.required() }).meta({ component: 'LoggedIn' })
}

export function meView(userView: ObjectSchema): ObjectSchema {
  return userView
    .keys({
      permissions: joi.array().items(joi.string()).required().description('What the caller may do').example([]),
    })
    .meta({ component: 'Me' })
}

const timestamp = joi.string().isoDate().example('2026-01-31T09:30:00.000Z')

export const sessionListView = joi.array().items(
  joi
    .object({
      id,
      device: joi.string().allow(null).required().description('The User-Agent of the login').example('curl/8.5.0'),
      address: joi.string().allow('').required().description('The IP address of the login').example('192.0.2.7'),
      created_at: timestamp.required(),
      last_used_at: timestamp.required().description('When it was last refreshed'),
      expires_at: timestamp.required(),
      current: joi.boolean().required().description('The one that asks').example(true),
    })
    .meta({ component: 'Session' }),
)

export const endedView = joi
  .object({ ended: joi.number().integer().required().description('How many sessions ended').example(2) })
  .meta({ component: 'EndedSessions' })

export const steppedUpView = joi
  .object({ valid_until: timestamp.required().description('Until when the proof serves for dangerous calls') })
  .meta({ component: 'SteppedUp' })
