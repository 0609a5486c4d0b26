import type { Redis } from 'ioredis'
import type { Connection } from 'mongoose'
import { type RateLimiterAbstract, RateLimiterMongo, RateLimiterRedis } from 'rate-limiter-flexible'
import type { Logger } from 'winston'
import { attemptModel } from './attempt.model'
import { InsuredAttemptStore } from './attempt.insured-store'
import { MongoAttemptStore } from './attempt.mongo-store'
import { RedisAttemptStore } from './attempt.redis-store'
import { FlexibleRateLimiter } from './flexible-rate-limiter'
import type { LoginGuard } from './login-guard'
import { rateCountModel, RATE_COUNTS } from './rate-count.model'
import { type LimitName, QUOTAS, type RateLimiter } from './rate-limiter'
import { connectRedis, redisSettled } from './redis'
import { type LoginRules, StoredLoginGuard } from './stored-login-guard'

export interface LimitsDeps {
  readonly connection: Connection
  readonly deadlineMs: number
  /** undefined: everything is counted in MongoDB. */
  readonly redisUrl: string | undefined
  readonly login: LoginRules
  readonly clock: () => Date
  readonly logger: Logger
  /** Called once when a lock begins, for whatever was tried as an account. It must neither wait nor throw. */
  readonly onLocked?: (account: string) => void
}

export interface Limits {
  readonly guard: LoginGuard
  readonly rates: RateLimiter
  /** Makes the database ready. Every process may do so at once. */
  readonly prepare: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Counts in Redis where there is one, with MongoDB behind it, else in MongoDB. */
export function createLimits(deps: LimitsDeps): Limits {
  const { connection, deadlineMs, redisUrl, login, clock, logger, onLocked } = deps
  const redis = redisUrl === undefined ? undefined : connectRedis(redisUrl, logger)
  const inMongo = new MongoAttemptStore(connection, deadlineMs)
  const store = redis ? new InsuredAttemptStore(new RedisAttemptStore(redis), inMongo) : inMongo
  return {
    guard: new StoredLoginGuard({ store, rules: login, clock, ...(onLocked ? { onLocked } : {}) }),
    rates: new FlexibleRateLimiter(limitersOf(connection, redis), deadlineMs),
    prepare: async () => {
      await Promise.all([
        attemptModel(connection).createIndexes(),
        rateCountModel(connection).createIndexes(),
        redis && redisSettled(redis),
      ])
    },
    close: async () => redis?.disconnect(),
  }
}

function limitersOf(connection: Connection, redis: Redis | undefined): Record<LimitName, RateLimiterAbstract> {
  const limiter = (name: LimitName) => {
    const bounds = { keyPrefix: name, points: QUOTAS[name].quota, duration: QUOTAS[name].windowS }
    // Who is refused is refused here until its window ends, without asking the store again.
    const common = { ...bounds, inMemoryBlockOnConsumed: bounds.points + 1 }
    const mongo = { ...common, storeClient: connection.db, tableName: RATE_COUNTS, disableIndexesCreation: true }
    const inMongo = new RateLimiterMongo(mongo)
    if (!redis) return inMongo
    const shared = { ...common, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter: inMongo }
    return new RateLimiterRedis({ ...shared, keyPrefix: `rollcall:${name}` })
  }
  return { credentials: limiter('credentials'), mail: limiter('mail'), recipient: limiter('recipient') }
}
