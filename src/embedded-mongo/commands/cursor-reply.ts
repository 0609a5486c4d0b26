import type { Doc } from '../bson/doc'
import { writeDoc } from '../bson/doc'
import { fillBatch, NO_CURSOR } from '../cursors'
import { Batch } from '../execution/batch'
import { TimeLimit } from '../execution/slice'
import { ArraySource } from '../execution/source'
import type { Source } from '../execution/source'
import { RawDocuments } from '../wire/reply'
import type { CommandContext, Reply } from './command'

/** MongoDB's size of a first batch. */
export const FIRST_BATCH_DOCUMENTS = 101

export interface CursorOptions {
  readonly namespace: string
  readonly batchSize: number
  /** The logical session; asked for when a cursor stays open. */
  readonly session: () => string | undefined
  /** Close after the first batch, whatever is left. */
  readonly singleBatch?: boolean
  readonly limit?: TimeLimit
}

/** `{cursor: {firstBatch, id, ns}}`; a cursor is opened when the batch does not hold everything. */
export function openCursor(context: CommandContext, source: Source, options: CursorOptions): Reply | Promise<Reply> {
  const batch = new Batch(options.batchSize)
  const reply = (done: boolean): Reply => {
    const { cursors } = context.engine
    const { namespace } = options
    const { transaction } = context.store
    const close = done || options.singleBatch === true
    if (close && !done) source.close?.()
    const id = close ? NO_CURSOR : cursors.add({ namespace, session: options.session(), transaction, source }).id
    return { cursor: { firstBatch: new RawDocuments(batch.documents), id, ns: options.namespace } }
  }
  const done = fillBatch(source, batch, options.limit ?? new TimeLimit(undefined))
  return typeof done === 'boolean' ? reply(done) : done.then(reply)
}

/** A cursor over documents that are all there. */
export function openListCursor(
  context: CommandContext,
  documents: readonly Doc[],
  options: CursorOptions,
): Reply | Promise<Reply> {
  return openCursor(context, new ArraySource(documents.map(writeDoc)), options)
}
