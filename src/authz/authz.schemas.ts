import { joi, strictObject } from '../http/joi'

const PATH_LENGTH_MAX = 4_096
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export const questionBody = strictObject({
  user_id: joi.string().description('Whose call; absent: your own').example('66f0c1a2b3c4d5e6f7a8b9c0'),
  api_key_id: joi.string().description('With which key'),
  method: joi
    .string()
    .valid(...METHODS)
    .required()
    .example('DELETE'),
  path: joi
    .string()
    .max(PATH_LENGTH_MAX)
    .pattern(/^\//)
    .required()
    .description('Versioned or not; a query string is ignored')
    .example('/api/v1/users/66f0c1a2b3c4d5e6f7a8b9c1'),
})
  .oxor('user_id', 'api_key_id')
  .meta({ component: 'AccessQuestion' })

export const explanationView = joi
  .object({
    allowed: joi.boolean().required().example(false),
    status: joi
      .number()
      .integer()
      .allow(null)
      .required()
      .description('What refuses the call; null: it is let in, and answers for itself')
      .example(403),
    access: joi
      .string()
      .valid('anyone', 'known', 'people', 'holders', 'self')
      .allow(null)
      .required()
      .description('Whom the route lets in; null: there is no such route')
      .example('holders'),
    permission: joi.string().allow(null).required().description('What the route asks for').example('users:delete'),
    through: joi.array().items(joi.string()).required().description('The roles that carry it').example([]),
    missing: joi.array().items(joi.string()).required().example(['users:delete']),
    reason: joi.string().required().example('This call needs the permission users:delete'),
  })
  .meta({ component: 'AccessExplanation' })
