import type { Schema, SchemaMap } from 'joi'
import { joi, strictObject } from '../http/joi'
import { emailSchema, nameSchema } from '../http/person-fields'
import { passwordSchema } from '../passwords/password-schema'
import { TOKEN_LENGTH_MAX } from './one-time-token'

/** The fields that other resources own. */
export interface SharedSchemas {
  readonly userView: Schema
  readonly roles: Schema
  /** What anybody may say of itself: names, age, metadata. */
  readonly profile: SchemaMap
}

export type AccountSchemas = ReturnType<typeof accountSchemas>

export function accountSchemas({ userView, roles, profile }: SharedSchemas) {
  const email = emailSchema().required()
  const password = passwordSchema().required()
  return {
    userView,
    nothing: joi.valid(null),
    registerBody: strictObject({ ...profile, email, password }).meta({ component: 'Registration' }),
    emailBody: strictObject({ email }).meta({ component: 'EmailAddress' }),
    tokenBody: strictObject({ token }).meta({ component: 'MailedToken' }),
    resetBody: strictObject({ token, password }).meta({ component: 'PasswordReset' }),
    inviteBody: strictObject({ ...profile, email, roles }).meta({ component: 'Invitation' }),
    acceptBody: strictObject({
      token,
      password,
      name: nameSchema().description('Replaces the name that the invitation gave').example('Jane Doe'),
    }).meta({ component: 'InvitationAcceptance' }),
    pendingView: joi
      .object({
        pending: joi.string().valid('old', 'new').required().description('The address that is still to confirm'),
      })
      .meta({ component: 'PendingConfirmation' }),
  }
}

const token = joi.string().max(TOKEN_LENGTH_MAX).required().description('From the mail; good once').example('rcv_…')
