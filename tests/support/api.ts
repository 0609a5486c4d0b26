import type { Express } from 'express'
import type { Connection } from 'mongoose'
import request from 'supertest'
import { loadConfig } from '../../src/config'
import { connectMongo } from '../../src/mongo/connect'
import { createLogger } from '../../src/observability/logger'
import { createService } from '../../src/service'
import { testDatabase } from './mongo'

/** The status of a failed validation. `VALIDATION_STATUS=422 npx jest tests/api` runs the same tests with the other one. */
export const VALIDATION_STATUS = Number(process.env['VALIDATION_STATUS'] ?? '400')

export interface TestApi {
  readonly app: Express
  readonly request: ReturnType<typeof request.agent>
  readonly connection: Connection
  readonly stop: () => Promise<void>
}

/** The service as main.ts composes it, on a fresh database, without a socket. `overrides` are environment variables. */
export async function startApi(overrides: Readonly<Record<string, string>> = {}): Promise<TestApi> {
  const database = await testDatabase()
  const config = loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    BCRYPT_COST: '4', // bcrypt's least: the hashing is the library's to test
    MONGO_URI: database.uri,
    VALIDATION_STATUS: String(VALIDATION_STATUS),
    ...overrides,
  })
  const { mongoDeadlineMs: deadlineMs, mongoPoolSize: poolSize } = config
  const connection = await connectMongo({ uri: database.uri, deadlineMs, poolSize })
  const service = await createService(config, connection, createLogger(config))
  return {
    app: service.app,
    request: request.agent(service.app),
    connection,
    stop: async () => {
      await service.close()
      await connection.close()
      await database.drop()
    },
  }
}
