import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { freePort } from './free-port'
import { until } from './service-process'

const START_MS = 10_000

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  readonly kill: () => Promise<void>
}

/** Whether there is a Redis to test with. Where there is none, the tests say so and are skipped. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

/** A Redis of its own that keeps nothing. */
export async function startRedis(wanted?: number): Promise<RedisServer> {
  const port = wanted ?? (await freePort())
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', settings, { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  await until(
    () => answers(url),
    START_MS,
    () => `redis-server does not answer on ${port}`,
  )
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return { url, port, child, kill }
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, disconnectTimeout: 100, retryStrategy: () => null })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return (await redis.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    redis.disconnect()
  }
}
