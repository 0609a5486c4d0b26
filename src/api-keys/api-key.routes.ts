import { PEOPLE } from '../http/access'
import { personOf } from '../http/caller'
import { NOTHING } from '../http/replies'
import { type Resource, type Route, route } from '../http/route'
import * as schemas from './api-key.schemas'
import type { ApiKeyService, NewApiKeyInput } from './api-key.service'

const TAG = 'API keys'
const PATH = '/api-keys'
const LOCATION = `/api/v1/auth${PATH}`

/** `/auth/api-keys`: a person's own keys for its programs. */
export function apiKeyResource(keys: ApiKeyService): Resource {
  return { base: '/auth', routes: apiKeyRoutes(keys) }
}

function apiKeyRoutes(keys: ApiKeyService): readonly Route[] {
  return [
    route({
      method: 'get',
      path: PATH,
      operation: 'listApiKeys',
      access: PEOPLE,
      tag: TAG,
      summary: 'List your API keys',
      successes: [{ status: 200, description: 'API keys listed', data: schemas.apiKeyListView }],
      errors: [],
      handle: async ({ caller }) => {
        const data = await keys.listFor(personOf(caller))
        return { status: 200, data, message: 'API keys listed' }
      },
    }),
    route<unknown, unknown, NewApiKeyInput>({
      method: 'post',
      path: PATH,
      operation: 'createApiKey',
      access: PEOPLE,
      stepUp: true,
      secret: true,
      tag: TAG,
      summary: 'Make an API key',
      description:
        'The key is shown in this answer alone. At each use it may do what it was made for, and of that only what its ' +
        'maker may do then. Keys match `\\brck_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\\b`.',
      body: schemas.newApiKeyBody,
      successes: [
        {
          status: 201,
          description: 'API key made',
          data: schemas.madeApiKeyView,
          headers: { Location: 'The path of the key' },
        },
      ],
      errors: ['FORBIDDEN', 'API_KEY_LIMIT', 'CONFLICT'],
      handle: async ({ caller, body }) => {
        const data = await keys.create(personOf(caller), body)
        return { status: 201, data, message: 'API key made', headers: { Location: `${LOCATION}/${data.id}` } }
      },
    }),
    route<{ readonly id: string }>({
      method: 'delete',
      path: `${PATH}/:id`,
      operation: 'revokeApiKey',
      access: PEOPLE,
      tag: TAG,
      summary: 'Revoke one of your API keys',
      description: 'It is refused everywhere within a second.',
      params: schemas.apiKeyParams,
      successes: [{ status: 204, description: 'API key revoked', data: null }],
      errors: ['API_KEY_NOT_FOUND'],
      handle: async ({ caller, params }) => {
        await keys.revoke(personOf(caller), params.id)
        return NOTHING
      },
    }),
  ]
}
