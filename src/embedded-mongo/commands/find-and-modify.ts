import { readDoc, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError, failedToParse } from '../bson/errors'
import { Batch } from '../execution/batch'
import { Matches } from '../execution/matches'
import type { Found } from '../execution/matches'
import { prepareQuery } from '../execution/query'
import type { QuerySpec } from '../execution/query'
import type { Slice, TimeLimit } from '../execution/slice'
import { findSource } from '../execution/source'
import { changeDocument, compileChange, fieldsOfUpdate, insertUpserted } from '../execution/update'
import type { Change } from '../execution/update'
import { fillBatch } from '../cursors'
import { compileProjection } from '../query/projection'
import type { Projection } from '../query/projection'
import type { Collection } from '../storage/collection'
import { RawDocument } from '../wire/reply'
import type { Arguments } from './arguments'
import type { Command, CommandContext, Reply } from './command'
import { updateOf } from './update'

/** How often the document that a sort has chosen may be gone before it is changed. */
const ATTEMPTS_MAX = 1_000

export const findAndModify: Command = {
  name: 'findAndModify',
  aliases: ['findandmodify'],
  summary: '`update` or `remove`; `sort`, `new`, `upsert`, `fields`, `arrayFilters`, `hint`, `collation`, `let`',
  fields: [
    'arrayFilters',
    'bypassDocumentValidation',
    'collation',
    'fields',
    'hint',
    'let',
    'new',
    'query',
    'remove',
    'sort',
    'update',
    'upsert',
    'stmtId',
  ],
  inTransaction: 'allowed',
  retryable: true,
  rawReplacement: 'update',
  run: async (args, context) => {
    const { store, log } = context
    const request = parseRequest(args)
    if (request.upsert) await store.ensureCollection(args.database, args.collection)
    const collection = store.collection(args.database, args.collection)
    if (collection === undefined) return toReply(request, NOTHING)
    log?.open()
    return log?.recordedAnswer ?? modify(context, collection, request, args.timeLimit())
  },
}

interface Request {
  readonly query: QuerySpec
  /** undefined: remove. */
  readonly update: Change | undefined
  readonly upsert: boolean
  readonly returnNew: boolean
  readonly projection: Projection | undefined
  readonly bypassValidation: boolean
}

interface Outcome {
  readonly before?: Uint8Array | undefined
  readonly after?: Uint8Array | undefined
  readonly arrayIndex?: number | undefined
  readonly upsertedId?: unknown
}

const NOTHING: Outcome = {}

function parseRequest(args: Arguments): Request {
  const [remove, upsert, returnNew] = [args.boolean('remove'), args.boolean('upsert'), args.boolean('new')]
  const [replacement] = args.sequence('update')
  const hasUpdate = replacement !== undefined || args.has('update')
  if (remove && hasUpdate) throw failedToParse("Cannot specify both an 'update' and 'remove'=true")
  if (remove && upsert) throw failedToParse("Cannot specify both 'upsert'=true and 'remove'=true")
  if (remove && returnNew) {
    const message = "Cannot specify both 'new'=true and 'remove'=true; 'remove' always returns the deleted document"
    throw failedToParse(message)
  }
  if (!remove && !hasUpdate) throw failedToParse("Either an update or 'remove'=true must be specified")
  const variables = args.variables('let')
  const options = { arrayFilters: args.documents('arrayFilters'), variables }
  const fields = args.document('fields')
  return {
    query: {
      filter: args.document('query') ?? {},
      sort: args.document('sort'),
      hint: args.hint(),
      collation: args.document('collation'),
      variables,
    },
    update: remove ? undefined : compileChange(replacement ?? updateOf(args.get('update')), options),
    upsert,
    returnNew,
    projection:
      fields === undefined || Object.keys(fields).length === 0 ? undefined : compileProjection(fields, variables),
    bypassValidation: args.boolean('bypassDocumentValidation'),
  }
}

async function modify(
  context: CommandContext,
  collection: Collection,
  request: Request,
  limit: TimeLimit,
): Promise<Reply> {
  const query = prepareQuery(collection, request.query)
  const first = (spec: QuerySpec, upsert: boolean) =>
    modifyFirst(context, collection, { ...request, upsert }, spec, limit)
  if (query.plan.providesSort) return first(request.query, request.upsert)
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    // The sort looks at all that match, without a transaction; what it chose may be changed by others until its turn.
    const batch = new Batch(1)
    // It holds one document.
    await fillBatch(findSource(query, { skip: 0, limit: 1 }), batch, limit)
    const [chosen] = batch.documents
    if (chosen === undefined) return first(withoutSort(request.query), request.upsert)
    const again = {
      ...withoutSort(request.query),
      filter: { $and: [{ _id: readDoc(chosen)['_id'] }, query.filterDoc] },
    }
    const reply = await first(again, false)
    if ((reply['lastErrorObject'] as Doc)['n'] !== 0) return reply
  }
  throw new CommandError(112, 'WriteConflict', 'the document that was chosen changed too often; please try again')
}

function withoutSort({ filter, hint, collation, variables }: QuerySpec): QuerySpec {
  return { filter, hint, collation, variables }
}

/** Changes the first document in the order of the plan, and remembers the answer in the same write. */
async function modifyFirst(
  { store, log }: CommandContext,
  collection: Collection,
  request: Request,
  query: QuerySpec,
  limit: TimeLimit,
): Promise<Reply> {
  let reply = toReply(request, NOTHING)
  let matches: Matches | undefined
  const { update } = request
  const fields = () => (update === undefined ? collection.keyFields : fieldsOfUpdate(collection, update))
  const step = (slice: Slice): boolean => {
    log?.open()
    if (log?.recordedAnswer !== undefined) {
      reply = log.recordedAnswer
      return true
    }
    // Made within the write: an index that was there when the command came may be gone.
    matches ??= new Matches(prepareQuery(collection, query), fields, { multi: false })
    const { found, state } = matches.next(slice)
    let outcome = NOTHING
    if (found.length > 0) {
      matches.forEach(found, (one) => {
        outcome = change(collection, request, one)
        return true
      })
    } else if (state === 'paused') return false
    else if (request.upsert && request.update !== undefined) {
      // If that must wait, what it waits for may match.
      matches = undefined
      const { doc, raw } = insertUpserted(collection, request.update, {
        filter: request.query.filter,
        bypassValidation: request.bypassValidation,
      })
      outcome = { after: raw, upsertedId: doc['_id'] }
    }
    reply = toReply(request, outcome)
    if (outcome === NOTHING) return true
    log?.noteAnswer(recorded(reply))
    log?.save()
    return true
  }
  await store.write(limit, step)
  return reply
}

function change(collection: Collection, { update, bypassValidation }: Request, found: Found): Outcome {
  const { arrayIndex } = found
  if (update !== undefined) return { ...changeDocument(collection, update, found, bypassValidation), arrayIndex }
  collection.remove(found.documentKey, found.doc)
  return { before: found.raw, arrayIndex }
}

function toReply(request: Request, outcome: Outcome): Reply {
  const { before, after, upsertedId, arrayIndex } = outcome
  const touched = before !== undefined || after !== undefined
  const lastErrorObject: Doc = {
    n: touched ? 1 : 0,
    ...(request.update === undefined ? {} : { updatedExisting: before !== undefined }),
    ...(upsertedId === undefined ? {} : { upserted: upsertedId }),
  }
  const chosen = request.returnNew ? after : before
  return { lastErrorObject, value: chosen === undefined ? null : new RawDocument(project(chosen, request, arrayIndex)) }
}

function project(raw: Uint8Array, { projection }: Request, arrayIndex: number | undefined): Uint8Array {
  return projection === undefined ? raw : writeDoc(projection.apply(readDoc(raw), arrayIndex))
}

/** The answer as a plain document. */
function recorded(reply: Reply): Doc {
  const { value } = reply
  return value instanceof RawDocument ? { ...reply, value: readDoc(value.bytes) } : reply
}
