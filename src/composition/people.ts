import { randomUUID } from 'node:crypto'
import { type Accounts, createAccounts } from '../accounts/create-accounts'
import type { FieldError } from '../errors'
import type { PasswordPolicy } from '../passwords/password-policy'
import { passwordSchema } from '../passwords/password-schema'
import type { PersonalData } from '../privacy/personal-data'
import { PrivacyService } from '../privacy/privacy.service'
import { MongooseSetupLinkDao } from '../setup/setup-link.mongoose-dao'
import { SetupService } from '../setup/setup.service'
import { MongooseDeletedUserDao } from '../users/deleted-user.mongoose-dao'
import { DeletedUsersService } from '../users/deleted-users.service'
import { UserPasswordsService } from '../users/user-passwords.service'
import { UserRolesService } from '../users/user-roles.service'
import type { UserServices } from '../users/user.routes'
import { UserService } from '../users/user.service'
import type { Foundations } from './foundations'
import type { SigningIn } from './signing-in'

/** Everything that changes who there is. */
export interface PeopleParts {
  readonly services: UserServices
  readonly accounts: Accounts
  readonly privacy: PrivacyService
  readonly setup: SetupService
}

export function createPeople(foundations: Foundations, signingIn: SigningIn): PeopleParts {
  const { config, connection, clock, dao, guard, roles, authority, access, hasher, verifier, limits } = foundations
  const { mails, mailbox } = foundations.mailing
  const { guard: logins, rates } = limits
  const shared = { dao, guard, roles, authority, hasher, clock }
  const users = new UserService({ ...shared, deletedRetentionDays: config.deletedRetentionDays })
  const { background } = foundations
  const life = {
    config,
    connection,
    users,
    access,
    hasher,
    authority,
    logins,
    rates,
    mails,
    mailbox,
    background,
    clock,
  }
  const accounts = createAccounts(life)
  const services = {
    users,
    passwords: new UserPasswordsService({
      ...shared,
      verifier,
      logins,
      sessions: signingIn.sessions.sessions,
      onChanged: ({ email }) => mails.send(email, 'passwordChanged'),
    }),
    roles: new UserRolesService(shared),
    emailChanges: accounts.emailChanges,
  }
  const deleted = new MongooseDeletedUserDao(connection, config.mongoDeadlineMs)
  const deletedUsers = new DeletedUsersService({ users: dao, deleted, clock })
  return {
    services,
    accounts,
    privacy: new PrivacyService({ users: deletedUsers, holdings: holdings(signingIn, accounts), clock }),
    setup: new SetupService({
      links: new MongooseSetupLinkDao(connection, config.mongoDeadlineMs),
      users,
      access,
      roles: services.roles,
      passwordProblems: async (password) => passwordProblems(password, foundations.policy),
      clock,
      startId: config.startId ?? randomUUID(),
    }),
  }
}

/** What is held on a person beside the user itself, by the name that it has in an export. */
function holdings({ sessions: { sessions }, apiKeys, mfa }: SigningIn, { records }: Accounts): readonly PersonalData[] {
  return [
    { name: 'sessions', exportFor: (id) => sessions.exportFor(id), eraseFor: (id) => sessions.removeFor(id) },
    { name: 'api_keys', exportFor: (id) => apiKeys.exportFor(id), eraseFor: (id) => apiKeys.removeAllOf(id) },
    { name: 'account', exportFor: (id) => records.exportFor(id), eraseFor: (id, email) => records.eraseFor(id, email) },
    { name: 'second_factor', exportFor: (id) => mfa.exportFor(id), eraseFor: (id) => mfa.eraseFor(id) },
  ]
}

function passwordProblems(password: string, passwordPolicy: PasswordPolicy): readonly FieldError[] {
  const { error } = passwordSchema().validate(password, { abortEarly: false, context: { passwordPolicy } })
  return error?.details.map(({ type, message }) => ({ field: 'password', code: type, message })) ?? []
}
