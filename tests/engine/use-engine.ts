import { type Collection, type Db, type Document, MongoClient, MongoServerError, Timestamp } from 'mongodb'
import { type Engine, startEngine } from './start-engine'

/** Documents of any shape, with an `_id` of any type: the driver's own types want ObjectIds. */
export interface Doc extends Document {
  _id?: object | string | number | bigint | boolean | null
}

/** What every reply to a session ends with. */
export const TIMES = {
  operationTime: expect.any(Timestamp),
} as const

/** A running server with a client on it, for the tests of one file. */
export interface EngineUnderTest {
  readonly uri: string
  readonly client: MongoClient
  /** The name of `db`, also known before the engine has started. */
  readonly database: string
  readonly db: Db
  /** A new, empty collection, with these documents in it. */
  readonly collection: (documents?: readonly Document[]) => Promise<Collection<Doc>>
}

/**
 * Starts an in-memory engine for a test file, and ends it after the file. With ENGINE_TEST_URI the same tests run on
 * another MongoDB-compatible server, to see whether test and engine agree with a second opinion.
 */
export function useEngine(): EngineUnderTest {
  let engine: Engine | undefined
  let uri = ''
  let client: MongoClient | undefined
  let collections = 0
  const database = `engine_${process.pid}_${Date.now()}`

  beforeAll(async () => {
    const other = process.env['ENGINE_TEST_URI']
    if (!other) engine = await startEngine()
    uri = other ?? engine?.uri ?? ''
    client = await MongoClient.connect(uri, { directConnection: true })
  })
  afterAll(async () => {
    await client?.db(database).dropDatabase()
    await client?.close()
    await engine?.stop()
  })

  const connected = () => {
    if (!client) throw new Error('The engine has not started: use it in tests and hooks alone')
    return client
  }
  return {
    database,
    get uri() {
      return uri
    },
    get client() {
      return connected()
    },
    get db() {
      return connected().db(database)
    },
    collection: async (documents = []) => {
      const collection = connected().db(database).collection<Doc>(`c${++collections}`)
      if (documents.length > 0) await collection.insertMany(documents.map((document) => ({ ...document })))
      return collection
    },
  }
}

/** The server error that a call fails with. A call that succeeds, or fails otherwise, fails the test. */
export async function serverError(call: Promise<unknown>): Promise<MongoServerError> {
  try {
    await call
  } catch (error) {
    if (error instanceof MongoServerError) return error
    throw error
  }
  throw new Error('The server accepted what it must refuse')
}

/** Code and code name of the error that a call fails with. */
export async function codeOf(call: Promise<unknown>): Promise<[unknown, unknown]> {
  const { code, codeName } = await serverError(call)
  return [code, codeName]
}

/** The `_id`s that a query finds, in the order in which they come. */
export async function idsOf(documents: Promise<readonly Document[]>): Promise<unknown[]> {
  return (await documents).map(({ _id }) => _id as unknown)
}
