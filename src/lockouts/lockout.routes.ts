import { holdersOf } from '../http/access'
import { joi } from '../http/joi'
import { NOTHING } from '../http/replies'
import { type Resource, route } from '../http/route'
import type { LockoutService } from './lockout.service'

const params = joi.object({
  id: joi.string().required().description('The id of the user').example('66f0c1a2b3c4d5e6f7a8b9c0'),
})

/** `/users/{id}/unlock`. */
export function lockoutResource(lockouts: LockoutService): Resource {
  return {
    base: '/users',
    aliases: ['/user'],
    routes: [
      route<{ readonly id: string }>({
        method: 'post',
        path: '/:id/unlock',
        operation: 'unlockUser',
        access: holdersOf('users:write', 'user'),
        rank: true,
        tag: 'Users',
        summary: 'Unlock a user who failed to log in too often',
        description: 'The user has all attempts again, and the next lock is a short one. Nothing happens to others.',
        params,
        successes: [{ status: 204, description: 'The user may try again', data: null }],
        errors: ['USER_NOT_FOUND'],
        handle: async ({ params: { id } }) => {
          await lockouts.unlock(id)
          return NOTHING
        },
      }),
    ],
  }
}
