import { EJSON } from 'bson'
import { type ClientSession, type Db, type Document, MongoServerError } from 'mongodb'
import type { Operation } from './operations'

/** Nothing is promoted: an int and a double are two answers. */
export const RAW = { promoteValues: false, bsonRegExp: true } as const

/** One of the two that are compared. */
export interface Side {
  readonly db: Db
  /** What it runs transactions in; without one it runs what is in them as everything else. */
  readonly session?: ClientSession | undefined
  /** It gets none of the indexes. */
  readonly plain?: boolean
}

/** What a server says to a command, as text: results with all their types, or the error's code. */
export async function answerOf({ db, session }: Side, { command, ordered }: Operation, name: string): Promise<string> {
  try {
    const options = session?.inTransaction() === true ? { ...RAW, session } : RAW
    return textOf(await db.command(command(name), options), ordered)
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error
    return `error ${String(error.code)}`
  }
}

/** All documents of a collection, in the order of _id. */
export async function stateOf(side: Side, collection: string): Promise<string> {
  const find = { find: collection, sort: { _id: 1 }, batchSize: 1_000 }
  return answerOf(side, { command: () => find, ordered: true }, collection)
}

/** An error of the command, or of a statement in it. */
export function isError(answer: string): boolean {
  return answer.startsWith('error') || /"codes":\[[^\]]/.test(answer)
}

function textOf(reply: Document, ordered: boolean): string {
  const { cursor, values, n, nModified, value, upserted, lastErrorObject, writeErrors } = reply as Record<
    string,
    Document | undefined
  >
  if (cursor !== undefined) return listed(cursor['firstBatch'] as unknown[], ordered)
  if (values !== undefined) return listed(values as unknown as unknown[], ordered)
  const codes = (writeErrors as Document[] | undefined)?.map((error) => Number(error['code']))
  return canonical({
    n: n === undefined ? null : Number(n),
    nModified: Number(nModified ?? 0),
    value,
    upserted,
    lastErrorObject,
    codes: codes ?? [],
  })
}

function listed(list: readonly unknown[], ordered: boolean): string {
  const texts = list.map(canonical)
  return `[${(ordered ? texts : texts.sort()).join(', ')}]`
}

const canonical = (value: unknown): string => EJSON.stringify(value, { relaxed: false })
