import { instantSchema } from '../filter/filter-schemas'
import { joi, strictObject } from '../http/joi'
import { PERMISSIONS_MAX, permissionSchema } from '../http/permission-schema'
import { nameSchema } from '../http/person-fields'

export const newApiKeyBody = strictObject({
  name: nameSchema().required().description('What the key is for').example('Nightly import'),
  permissions: joi
    .array()
    .items(permissionSchema())
    .unique()
    .min(1)
    .max(PERMISSIONS_MAX)
    .required()
    .description('The most that the key may ever do; the person must have each of them')
    .example(['users:read']),
  expires_at: instantSchema().allow(null).description('When the key ends; null or absent: never'),
}).meta({ component: 'NewApiKey' })

/** An id that cannot be one is that of no key: the answer is 404. */
export const apiKeyParams = joi.object({
  id: joi.string().required().description('The id of the key').example('0aB1cD2eF3gH'),
})

const timestamp = joi.string().isoDate().example('2026-01-31T09:30:00.000Z')
const view = {
  id: joi.string().required().example('0aB1cD2eF3gH'),
  name: joi.string().required().example('Nightly import'),
  prefix: joi.string().required().description('How the key begins').example('rck_0aB1cD2eF3gH'),
  permissions: joi.array().items(joi.string()).required().example(['users:read']),
  created_at: timestamp.required(),
  expires_at: timestamp.allow(null).required().description('null: without end').example(null),
  last_used_at: timestamp.allow(null).required().description('To the minute; null: not yet').example(null),
}

export const apiKeyListView = joi.array().items(joi.object(view).meta({ component: 'ApiKey' }))

export const madeApiKeyView = joi
  .object({ ...view, key: joi.string().required().description('Shown this once').example('rck_0aB1cD2eF3gH_…') })
  .meta({ component: 'MadeApiKey' })
