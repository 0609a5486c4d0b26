import { joi, strictObject } from '../http/joi'
import { RECOVERY_CODES } from './recovery-codes'

const CODE = /^\s*(?:\d\s*){6}$/

export const activateBody = strictObject({
  code: joi.string().max(32).pattern(CODE).required().description('Six digits of the authenticator').example('492039'),
}).meta({ component: 'AuthenticatorActivation' })

export const secretView = joi
  .object({
    secret: joi.string().required().description('In base 32, to be typed').example('…'),
    otpauth_url: joi.string().required().description('To be shown as a QR code').example('otpauth://totp/…'),
  })
  .meta({ component: 'AuthenticatorSecret' })

export const recoveryCodesView = joi
  .object({
    recovery_codes: joi
      .array()
      .items(joi.string().example('…'))
      .length(RECOVERY_CODES)
      .required()
      .description('Each is good once, instead of a code of the authenticator. They are not shown again'),
  })
  .meta({ component: 'RecoveryCodes' })

export const mfaView = joi
  .object({
    totp: joi
      .object({
        active: joi.boolean().required().example(true),
        activated_at: joi.string().isoDate().allow(null).required().example('2026-01-31T09:30:00.000Z'),
      })
      .required(),
    recovery_codes_left: joi.number().integer().required().example(RECOVERY_CODES),
  })
  .meta({ component: 'SecondFactor' })

/** A malformed id is nobody's: the answer is 404. */
export const userParams = joi.object({
  id: joi.string().required().description('The id of the user').example('66f0c1a2b3c4d5e6f7a8b9c0'),
})
