import { AppError } from '../../../../src/errors'
import { ANYONE, holdersOf } from '../../../../src/http/access'
import { etagOf, isNotModified, readIfMatch } from '../../../../src/http/etag'
import { joi, strictObject } from '../../../../src/http/joi'
import { route, type Resource } from '../../../../src/http/route'

const noteKeys = {
  text: joi.string().min(1).max(20_000).required().description('What it says').example('Buy milk'),
  stars: joi.number().integer().min(0).max(5).default(0).example(3),
  secret: joi.string().pattern(/^[a-z]+$/),
  more: joi.object().unknown(true),
}
const note = joi
  .object({ id: joi.string().required().example('7'), text: noteKeys.text, stars: noteKeys.stars })
  .label('Note')
const params = joi.object({ id: joi.string().required().description('The id of the note') })
const common = { access: ANYONE, tag: 'Notes', errors: [] as const }

/** A small resource that shows every trait of the framework: `/notes`, alias `/note`. Version 3 of any note exists. */
export function noteResource(): Resource {
  return {
    base: '/notes',
    aliases: ['/note'],
    routes: [
      route<unknown, { limit: number }>({
        ...common,
        method: 'get',
        path: '',
        operation: 'listNotes',
        summary: 'List',
        query: joi.object({ limit: joi.number().integer().min(1).max(100).default(20), tag: joi.string() }),
        successes: [{ status: 200, description: 'The notes', data: joi.array().items(note) }],
        handle: async ({ query }) => ({
          status: 200,
          message: 'Notes listed',
          data: Array.from({ length: query.limit }, (_, id) => ({ id: String(id), text: 'x'.repeat(100), stars: 0 })),
        }),
      }),
      route({
        ...common,
        method: 'post',
        path: '',
        operation: 'createNote',
        access: holdersOf('users:write'),
        summary: 'Create',
        body: strictObject(noteKeys).label('NoteCreate'),
        successes: [{ status: 201, description: 'Created', data: note, headers: { Location: 'Where it is' } }],
        handle: async ({ body }) => ({
          status: 201,
          message: 'Note created',
          data: body,
          headers: { Location: '/notes/7' },
        }),
      }),
      route<{ id: string }>({
        ...common,
        method: 'get',
        path: '/:id',
        operation: 'getNote',
        summary: 'Read',
        params,
        successes: [{ status: 200, description: 'Found', data: note, headers: { ETag: 'The version' } }],
        errors: ['USER_NOT_FOUND'],
        handle: async ({ params: { id }, headers }) => {
          if (id === 'missing') throw new AppError('USER_NOT_FOUND')
          if (id === 'broken') throw new Error('password=Hunter2 at 10.0.0.1')
          const etag = { ETag: etagOf(3) }
          if (isNotModified(headers, 3)) return { status: 304, data: null, message: '', headers: etag }
          return { status: 200, message: 'Note found', data: { id, text: 'Buy milk', stars: 3 }, headers: etag }
        },
      }),
      route<{ id: string }>({
        ...common,
        method: 'patch',
        path: '/:id',
        operation: 'updateNote',
        summary: 'Change',
        params,
        query: joi.object({ dry: joi.boolean() }),
        body: strictObject({ ...noteKeys, text: joi.string() }),
        consumes: ['application/json', 'application/merge-patch+json'],
        versioned: true,
        successes: [{ status: 200, description: 'Changed', data: note }],
        handle: async ({ params: { id }, body, headers }) => ({
          status: 200,
          message: 'Note updated',
          data: { id, body, versions: readIfMatch(headers) ?? null },
        }),
      }),
      route({
        ...common,
        method: 'delete',
        path: '/:id',
        operation: 'deleteNote',
        summary: 'Delete',
        params,
        successes: [{ status: 204, description: 'Gone', data: null }],
        handle: async () => ({ status: 204, data: null, message: '' }),
      }),
    ],
  }
}
