import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'

export interface TestDatabase {
  /** Names the database, and the server that globalSetup chose. */
  readonly uri: string
  /** Drops the database: call it in afterAll. */
  readonly drop: () => Promise<void>
}

/** A fresh database for one test file. */
export function testDatabase(): Promise<TestDatabase> {
  const server = process.env['TEST_MONGO_SERVER_URI']
  if (!server) throw new Error('No MongoDB for this kind of tests: see the projects in jest.config.ts')
  const uri = withDatabase(server, `test_${randomUUID().replaceAll('-', '')}`)
  return Promise.resolve({ uri, drop: () => dropDatabase(uri) })
}

/**
 * The same connection string for another database. Credentials belong to the database that the string named before
 * (`admin` when it named none), and stay there.
 */
export function withDatabase(uri: string, database: string): string {
  const match = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri)
  if (!match?.[1]) throw new Error('Not a MongoDB connection string')
  const options = new URLSearchParams(match[3])
  if (match[1].includes('@') && !options.has('authSource')) options.set('authSource', match[2] || 'admin')
  const query = options.toString()
  return `${match[1]}/${database}${query ? `?${query}` : ''}`
}

async function dropDatabase(uri: string): Promise<void> {
  const client = await MongoClient.connect(uri)
  try {
    await client.db().dropDatabase()
  } finally {
    await client.close()
  }
}
