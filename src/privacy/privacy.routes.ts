import type { Schema } from 'joi'
import { holdersOf, selfOr } from '../http/access'
import { joi } from '../http/joi'
import { NOTHING } from '../http/replies'
import { type Resource, route } from '../http/route'
import type { PrivacyService } from './privacy.service'

interface ById {
  readonly id: string
}

const TAG = 'Privacy'
const params = joi.object({ id: joi.string().required().description('The id of the user') })
const instant = joi.string().isoDate().required().example('2026-01-31T09:30:00.000Z')

/** `/users/{id}/export` and `/users/{id}/purge`. @param userView the schema of a user document. */
export function privacyResource(privacy: PrivacyService, userView: Schema): Resource {
  return {
    base: '/users',
    aliases: ['/user'],
    routes: [
      route<ById>({
        method: 'get',
        path: '/:id/export',
        operation: 'exportUser',
        access: selfOr('users:read'),
        rank: true,
        secret: true,
        tag: TAG,
        summary: 'Give all that is held on a person',
        description: 'Also for a deleted user, until it is purged. No password, token, key or hash of one is in it.',
        params,
        successes: [
          {
            status: 200,
            description: 'Everything, as one document',
            data: exportView(userView),
            headers: { 'Content-Disposition': 'attachment: a browser saves it as a file' },
          },
        ],
        errors: ['USER_NOT_FOUND'],
        handle: async ({ params: { id } }) => {
          const data = await privacy.exportFor(id)
          // The id was found, so it is 24 hex digits: nothing in it could leave the quotes.
          const headers = { 'Content-Disposition': `attachment; filename="user-${id}.json"` }
          return { status: 200, data, message: 'User exported', headers }
        },
      }),
      route<ById>({
        method: 'post',
        path: '/:id/purge',
        operation: 'purgeUser',
        access: holdersOf('users:delete', 'user'),
        rank: true,
        stepUp: true,
        tag: TAG,
        summary: 'Take a deleted user away for good',
        description: 'With all else that is held on the person. The user must be deleted; its e-mail is free then.',
        params,
        successes: [{ status: 204, description: 'User purged', data: null }],
        errors: ['USER_NOT_FOUND'],
        handle: async ({ params: { id }, effect }) => {
          await privacy.purge(id, effect)
          return NOTHING
        },
      }),
    ],
  }
}

function exportView(userView: Schema): Schema {
  const grant = joi.object({
    role: joi.string().required().example('CLIENT'),
    granted_at: instant,
    expires_at: instant.allow(null),
  })
  const deletion = joi
    .object({ deleted_at: instant, purge_at: instant, email_reserved: joi.boolean().required().example(false) })
    .allow(null)
    .required()
    .description('null: the user lives')
  return joi
    .object({
      exported_at: instant,
      user: userView.required(),
      grants: joi.array().items(grant).required(),
      deletion,
      sessions: joi.array().items(joi.object().unknown(true)).required(),
      api_keys: joi.array().items(joi.object().unknown(true)).required(),
      account: joi
        .object()
        .unknown(true)
        .required()
        .description('Pending links, and a pending change of e-mail')
        .example({}),
      second_factor: joi.object().unknown(true).allow(null).required().example(null),
    })
    .label('PersonalExport')
}
