import { type MongoServer, startMongoServer } from './mongo-server'

declare global {
  // globalTeardown runs in this process too; the test files do not, and get the address through the environment.
  var testMongoServer: MongoServer | undefined
}

export default async function globalSetup(): Promise<void> {
  const server = await startMongoServer(process.env)
  globalThis.testMongoServer = server
  process.env['TEST_MONGO_SERVER_URI'] = server.uri
  process.stdout.write(`\nTests run on ${server.label}\n`)
}
