import type { Connection } from 'mongoose'
import { connectMongo } from '../../src/mongo/connect'
import { type TestDatabase, testDatabase } from './mongo'

/** Long: these tests are not about slow stores. In milliseconds. */
export const DEADLINE_MS = 10_000
const POOL_SIZE = 20

/**
 * A connection to a fresh database for the tests of one file, which is dropped after them.
 * @param prepare builds the indexes.
 * @returns gives the connection, once the tests run.
 */
export function testConnection(prepare: (connection: Connection) => Promise<unknown>): () => Connection {
  let database: TestDatabase
  let connection: Connection

  beforeAll(async () => {
    database = await testDatabase()
    connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: POOL_SIZE })
    await prepare(connection)
  })

  afterAll(async () => {
    await connection.close()
    await database.drop()
  })

  return () => connection
}
