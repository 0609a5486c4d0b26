import type { Connection } from 'mongoose'
import type { Config } from '../config'
import type { Authority } from '../http/authority'
import type { LoginGuard } from '../limits/login-guard'
import type { RateLimiter } from '../limits/rate-limiter'
import type { AccountMails } from '../mail/account-mails'
import type { DevMailbox } from '../mail/dev-mailbox'
import type { PasswordHasher } from '../passwords/password-hasher'
import type { UserAccessService } from '../users/user-access.service'
import type { UserService } from '../users/user.service'
import { AccountRecordsService } from './account-records.service'
import type { AccountServices } from './account.routes'
import type { Background } from './background'
import { emailChangeModel } from './email-change.model'
import { MongooseEmailChangeDao } from './email-change.mongoose-dao'
import { EmailChangeService } from './email-change.service'
import { EmailVerificationService } from './email-verification.service'
import { InvitationService } from './invitation.service'
import { oneTimeTokenModel } from './one-time-token.model'
import { MongooseOneTimeTokenDao } from './one-time-token.mongoose-dao'
import { OneTimeTokenService } from './one-time-token.service'
import { PasswordResetService } from './password-reset.service'
import { RegistrationService } from './registration.service'

export interface AccountsDeps {
  readonly config: Pick<Config, 'allowRegistration' | 'enumerationSafe' | 'mongoDeadlineMs' | 'requireVerifiedEmail'>
  readonly connection: Connection
  readonly users: UserService
  readonly access: UserAccessService
  readonly hasher: PasswordHasher
  readonly authority: Authority
  readonly logins: LoginGuard
  readonly rates: RateLimiter
  readonly mails: AccountMails
  readonly mailbox: DevMailbox | undefined
  readonly background: Background
  readonly clock: () => Date
}

/** The life cycle of accounts. */
export interface Accounts {
  readonly services: AccountServices
  readonly emailChanges: EmailChangeService
  readonly records: AccountRecordsService
  /** Makes the database ready. Every process may do so at once. */
  readonly prepare: () => Promise<void>
}

export function createAccounts(deps: AccountsDeps): Accounts {
  const { config, connection, users, access, hasher, logins, mailbox, clock } = deps
  const { mongoDeadlineMs: deadlineMs, enumerationSafe } = config
  const tokens = new OneTimeTokenService({
    dao: new MongooseOneTimeTokenDao(connection, deadlineMs),
    users: access,
    clock,
  })
  const sending = { tokens, mails: deps.mails, rates: deps.rates, background: deps.background }
  const changeDao = new MongooseEmailChangeDao(connection, deadlineMs)
  const changes = new EmailChangeService({ ...sending, dao: changeDao, users: access, clock, enumerationSafe })
  return {
    services: {
      registration: new RegistrationService({ ...sending, users, settings: config }),
      verification: new EmailVerificationService({ ...sending, users: access, changes }),
      resets: new PasswordResetService({ ...sending, users: access, hasher, logins }),
      invitations: new InvitationService({ ...sending, users, access, hasher, authority: deps.authority }),
    },
    emailChanges: changes,
    records: new AccountRecordsService({ tokens, changes, mailbox }),
    prepare: async () => {
      await Promise.all([oneTimeTokenModel(connection).createIndexes(), emailChangeModel(connection).createIndexes()])
    },
  }
}
