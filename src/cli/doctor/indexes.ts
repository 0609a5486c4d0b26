import type { Connection, Model } from 'mongoose'
import { emailChangeModel } from '../../accounts/email-change.model'
import { oneTimeTokenModel } from '../../accounts/one-time-token.model'
import { apiKeyModel } from '../../api-keys/api-key.model'
import { sessionModel } from '../../auth/session.model'
import { signingKeyModel } from '../../auth/signing-key.model'
import { attemptModel } from '../../limits/attempt.model'
import { rateCountModel } from '../../limits/rate-count.model'
import { keptMailModel } from '../../mail/dev-mailbox.model'
import { authenticatorModel } from '../../mfa/mfa.model'
import { idempotencyModel } from '../../mongo/idempotency.model'
import { roleModel } from '../../roles/role.model'
import { setupLinkModel } from '../../setup/setup-link.model'
import { userModels } from '../../users/user.model'

// Each model is of another document, and only its schema is read here.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the library's own name for any model
type AnyModel = Model<any>

/** The models whose indexes the service builds at its start. */
export function wantedModels(connection: Connection, { mailbox }: { readonly mailbox: boolean }): readonly AnyModel[] {
  const { users, deleted, purged } = userModels(connection)
  return [
    users,
    deleted,
    purged,
    roleModel(connection),
    setupLinkModel(connection),
    apiKeyModel(connection),
    authenticatorModel(connection),
    idempotencyModel(connection),
    sessionModel(connection),
    signingKeyModel(connection),
    oneTimeTokenModel(connection),
    emailChangeModel(connection),
    attemptModel(connection),
    rateCountModel(connection),
    ...(mailbox ? [keptMailModel(connection)] : []),
  ]
}

/** `users (email)` for each index that is not there, or not as it is wanted. Nothing is built. */
export async function missingIndexes(models: readonly AnyModel[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    models.map(async (model) => {
      const { toCreate } = await model.diffIndexes()
      const keys = toCreate as unknown as readonly Readonly<Record<string, unknown>>[]
      return keys.map((key) => `${model.collection.collectionName} (${Object.keys(key).join(', ')})`)
    }),
  )
  return lists.flat()
}
