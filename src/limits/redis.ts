import { Redis } from 'ioredis'
import type { Logger } from 'winston'

const CONNECT_TIMEOUT_MS = 1_000
/** A Redis that is silent for so long has failed for this call, and the call goes to MongoDB. */
const COMMAND_TIMEOUT_MS = 250
const RECONNECT_MS_MAX = 2_000

/**
 * A client that never lets a call wait for a connection: while Redis is gone its calls fail at once, and it connects
 * anew beside them. Each outage is logged once, and its end.
 */
export function connectRedis(url: string, logger: Pick<Logger, 'warn' | 'info'>): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(times * 100, RECONNECT_MS_MAX),
  })
  let available: boolean | undefined
  redis.on('ready', () => {
    if (available === false) logger.info('Redis is back: login attempts and rates are counted there again')
    available = true
  })
  const lost = (error?: Error) => {
    if (available === false || redis.status === 'end') return
    available = false
    const reason = error ? { error } : {}
    logger.warn('Redis does not answer: login attempts and rates are counted in MongoDB meanwhile', reason)
  }
  redis.on('error', lost)
  redis.on('close', () => lost())
  return redis
}

/** Resolves when the first attempt to connect has succeeded or failed: the service starts without Redis as well. */
export async function redisSettled(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  await new Promise<void>((resolve) => {
    redis.once('ready', resolve)
    redis.once('close', resolve)
  })
}
