import { UserNotFoundError } from '../errors'
import { holdersOf } from '../http/access'
import { type Resource, route } from '../http/route'
import type { UserAccessService } from '../users/user-access.service'
import { endedView, sessionListView, userParams } from './auth.schemas'
import type { SessionService } from './session.service'

interface ById {
  readonly id: string
}

const TAG = 'Users'

/** `/users/{id}/sessions`: what others may do with a person's sessions. */
export function userSessionsResource(sessions: SessionService, users: Pick<UserAccessService, 'access'>): Resource {
  const existing = async (id: string): Promise<string> => {
    const user = await users.access(id)
    if (!user) throw new UserNotFoundError()
    return user.id
  }
  return {
    base: '/users',
    aliases: ['/user'],
    routes: [
      route<ById>({
        method: 'get',
        path: '/:id/sessions',
        operation: 'listUserSessions',
        access: holdersOf('sessions:write', 'user'),
        tag: TAG,
        summary: 'List the sessions of a user',
        params: userParams,
        successes: [{ status: 200, description: 'Sessions listed', data: sessionListView }],
        errors: ['USER_NOT_FOUND'],
        handle: async ({ params, caller }) => ({
          status: 200,
          data: await sessions.listFor(await existing(params.id), caller.sessionId),
          message: 'Sessions listed',
        }),
      }),
      route<ById>({
        method: 'delete',
        path: '/:id/sessions',
        operation: 'endUserSessions',
        access: holdersOf('sessions:write', 'user'),
        rank: true,
        tag: TAG,
        summary: 'End all sessions of a user',
        params: userParams,
        successes: [{ status: 200, description: 'Sessions ended', data: endedView }],
        errors: ['USER_NOT_FOUND'],
        handle: async ({ params }) => ({
          status: 200,
          data: { ended: await sessions.endAll(await existing(params.id)) },
          message: 'Sessions ended',
        }),
      }),
    ],
  }
}
