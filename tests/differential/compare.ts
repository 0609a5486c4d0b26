import { EJSON } from 'bson'
import { type Db, type Document, MongoServerError } from 'mongodb'
import type { Operation } from './operations'

/** What a server says to a command, as text: results with all their types, or the error's code. */
export async function answerOf(db: Db, { command, ordered }: Operation, collection: string): Promise<string> {
  try {
    // Nothing is promoted: an int and a double are two answers.
    return textOf(await db.command(command(collection), { promoteValues: false, bsonRegExp: true }), ordered)
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error
    return `error ${String(error.code)}`
  }
}

/** All documents of a collection, in the order of _id. */
export async function stateOf(db: Db, collection: string): Promise<string> {
  const find = { find: collection, sort: { _id: 1 }, batchSize: 1_000 }
  return answerOf(db, { command: () => find, ordered: true }, collection)
}

function textOf(reply: Document, ordered: boolean): string {
  const { cursor, values, n, nModified, value, writeErrors } = reply as Record<string, Document | undefined>
  if (cursor !== undefined) return listed(cursor['firstBatch'] as unknown[], ordered)
  if (values !== undefined) return listed(values as unknown as unknown[], ordered)
  const codes = (writeErrors as Document[] | undefined)?.map((error) => Number(error['code']))
  return canonical({
    n: n === undefined ? null : Number(n),
    nModified: Number(nModified ?? 0),
    value,
    codes: codes ?? [],
  })
}

function listed(list: readonly unknown[], ordered: boolean): string {
  const texts = list.map(canonical)
  return `[${(ordered ? texts : texts.sort()).join(', ')}]`
}

const canonical = (value: unknown): string => EJSON.stringify(value, { relaxed: false })
