import type { Schema } from 'joi'
import { ANYONE } from '../http/access'
import { joi, strictObject } from '../http/joi'
import { emailSchema, nameSchema } from '../http/person-fields'
import { created } from '../http/replies'
import { type Resource, route } from '../http/route'
import { passwordSchema } from '../passwords/password-schema'
import type { NewAdministrator, SetupService } from './setup.service'

const TOKEN_LENGTH_MAX = 128

/** `POST /auth/setup`: where the set-up page sends its form. @param userView the schema of a user document. */
export function setupResource(setup: SetupService, userView: Schema): Resource {
  const body = strictObject({
    token: joi.string().max(TOKEN_LENGTH_MAX).required().description('The token of the set-up link').example('q7Zt…'),
    name: nameSchema().required().example('Jane Doe'),
    email: emailSchema().required(),
    password: passwordSchema().required(),
  }).meta({ component: 'Setup' })
  return {
    base: '/auth',
    routes: [
      route<unknown, unknown, NewAdministrator & { readonly token: string }>({
        method: 'post',
        path: '/setup',
        operation: 'setUp',
        access: ANYONE,
        limit: 'credentials',
        tag: 'Setup',
        summary: 'Make the first administrator',
        description:
          'While there is no administrator, the start of the service prints a link that is good once, for 24 hours.',
        body,
        successes: [
          {
            status: 201,
            description: 'Administrator created',
            data: userView,
            headers: { ETag: 'The version of the user', Location: 'The path of the user' },
          },
        ],
        errors: ['TOKEN_INVALID', 'SETUP_DONE', 'EMAIL_TAKEN'],
        handle: async ({ body: { token, ...administrator }, effect }) => {
          const user = await setup.complete(token, administrator, effect)
          return created(user, `/api/v1/users/${user.id}`, 'Administrator created')
        },
      }),
    ],
  }
}
