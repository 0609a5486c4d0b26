import { Writable } from 'node:stream'
import { Redis } from 'ioredis'
import type { Connection } from 'mongoose'
import { loadConfig } from '../../src/config'
import { attemptModel } from '../../src/limits/attempt.model'
import { RedisAttemptStore } from '../../src/limits/attempt.redis-store'
import { createLimits, type Limits } from '../../src/limits/limits'
import { connectMongo } from '../../src/mongo/connect'
import { createLogger } from '../../src/observability/logger'
import { freePort } from '../support/free-port'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server'
import { until } from '../support/service-process'
import { describeAttemptStore } from './attempt-store.suite'

const DEADLINE_MS = 5_000
const WAIT_MS = 10_000

const clientOf = ({ url }: RedisServer) => new Redis(url, { disconnectTimeout: 100 })

const withRedis = hasRedis ? describe : describe.skip
if (!hasRedis) process.stderr.write('No redis-server on the PATH: the tests of Redis are skipped\n')

withRedis('with a Redis', () => {
  let server: RedisServer
  let redis: Redis
  let database: TestDatabase
  let connection: Connection

  beforeAll(async () => {
    server = await startRedis()
    redis = clientOf(server)
    database = await testDatabase()
    connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: 20 })
  })

  afterAll(async () => {
    redis.disconnect()
    await server.kill()
    await connection.close()
    await database.drop()
  })

  describeAttemptStore('in Redis', () => new RedisAttemptStore(redis))

  it('keys end by themselves, 10 s after window, lock and quiet time are over', async () => {
    const store = new RedisAttemptStore(redis)
    const rules = {
      max: 1,
      windowMs: 10_000,
      forgiving: true,
      lock: { firstMs: 20_000, maxMs: 20_000, quietMs: 30_000 },
    }
    const leftMs = () => redis.pttl('rollcall:attempts:ends')
    await store.reserve('ends', rules, new Date())
    expect(await leftMs()).toBeGreaterThan(10_000)
    expect(await leftMs()).toBeLessThanOrEqual(20_000)
    expect(await store.settle('ends', rules, 'failed', new Date())).toBe(true)
    expect(await leftMs()).toBeGreaterThan(50_000)
    expect(await leftMs()).toBeLessThanOrEqual(60_000)
  })

  describe('that goes away', () => {
    let own: RedisServer
    let limits: Limits
    let log: string

    const login = { attemptsMax: 2, addressAttemptsMax: 1_000, windowS: 600, lockS: 60, lockMaxS: 3_600 }
    const open = (redisUrl: string): Limits => {
      log = ''
      const write = (text: string, _encoding: string, done: () => void) => {
        log += text
        done()
      }
      const sink = new Writable({ decodeStrings: false, write })
      const logger = createLogger(loadConfig({ LOG_FORMAT: 'json', LOG_LEVEL: 'info' }), sink)
      return createLimits({
        connection,
        deadlineMs: DEADLINE_MS,
        redisUrl,
        login,
        clock: () => new Date(),
        logger,
      })
    }
    const outcome = async (account: string) => {
      try {
        await (await limits.guard.begin(account, '192.0.2.7')).failed()
        return 'compared'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    const times = (text: string) => log.split(text).length - 1

    beforeEach(async () => {
      own = await startRedis()
      limits = open(own.url)
      await limits.prepare()
    })

    afterEach(async () => {
      await limits.close()
      await own.kill()
    })

    it('counts in Redis alone while it is there', async () => {
      expect([await outcome('there@example.com'), await outcome('there@example.com')]).toEqual(['compared', 'compared'])
      expect(await outcome('there@example.com')).toBe('ACCOUNT_LOCKED')
      const client = clientOf(own)
      expect((await client.keys('rollcall:attempts:account:*')).length).toBe(1)
      expect((await client.keys('rollcall:attempts:address:*')).length).toBe(1)
      client.disconnect()
    })

    it('killed, it leaves a lock in force, other accounts limited through MongoDB, and one line in the log', async () => {
      await outcome('locked@example.com')
      await outcome('locked@example.com')
      await own.kill()
      expect(await outcome('locked@example.com')).toBe('ACCOUNT_LOCKED')
      const begin = performance.now()
      const outcomes = [1, 2, 3, 4].map(() => outcome('other@example.com'))
      expect((await Promise.all(outcomes)).sort()).toEqual(['ACCOUNT_LOCKED', 'ACCOUNT_LOCKED', 'compared', 'compared'])
      // Not one of the 20 s that ioredis would let a call wait.
      expect(performance.now() - begin).toBeLessThan(5_000)
      for (let i = 0; i < 5; i++) await limits.rates.limit('recipient', 'killed@example.com')
      await expect(limits.rates.limit('recipient', 'killed@example.com')).rejects.toMatchObject({
        code: 'RATE_LIMITED',
      })
      expect(times('Redis does not answer')).toBe(1)
    })

    it('back again, it counts as before', async () => {
      await own.kill()
      await outcome('back@example.com')
      const { port } = own
      own = await startRedis(port)
      await until(
        () => times('Redis is back') === 1,
        WAIT_MS,
        () => `it is not back: ${log}`,
      )
      await outcome('back@example.com')
      const client = clientOf(own)
      expect((await client.keys('rollcall:attempts:account:*')).length).toBe(1)
      client.disconnect()
    })

    it('unlocking reaches both stores', async () => {
      await outcome('both@example.com')
      await outcome('both@example.com')
      expect(await outcome('both@example.com')).toBe('ACCOUNT_LOCKED')
      await limits.guard.unlock('both@example.com')
      expect(await outcome('both@example.com')).toBe('compared')
      await own.kill()
      expect(await outcome('both@example.com')).toBe('compared')
    })

    it('the service starts without it', async () => {
      const alone = open(`redis://127.0.0.1:${await freePort()}`)
      await alone.prepare()
      const attempt = await alone.guard.begin('alone@example.com', '192.0.2.8')
      await attempt.succeeded()
      await alone.close()
      expect(times('Redis does not answer')).toBe(1)
      expect(await attemptModel(connection).collection.countDocuments()).toBeGreaterThan(0)
    })
  })
})
