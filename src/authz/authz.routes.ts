import { KNOWN } from '../http/access'
import { type Resource, route } from '../http/route'
import * as schemas from './authz.schemas'
import type { ExplainService, Question } from './explain.service'

/** `/authz`: questions about who may do what. */
export function authzResource(explain: ExplainService): Resource {
  return {
    base: '/authz',
    routes: [
      route<unknown, unknown, Question>({
        method: 'post',
        path: '/explain',
        operation: 'explainAccess',
        access: KNOWN,
        tag: 'Access',
        summary: 'Ask whether a call would be let in, and why',
        description:
          'About oneself, or with users:read and roles:read about any user or key. It tells who may call; what depends ' +
          'on the content of the call, as which fields a body changes, shows only there.',
        body: schemas.questionBody,
        successes: [{ status: 200, description: 'Access explained', data: schemas.explanationView }],
        errors: ['FORBIDDEN', 'USER_NOT_FOUND', 'API_KEY_NOT_FOUND'],
        handle: async ({ caller, body }) => {
          const data = await explain.explain(caller, body)
          return { status: 200, data, message: 'Access explained' }
        },
      }),
    ],
  }
}
