import type { Redis } from 'ioredis'
import { type AttemptRules, type AttemptStore, type Outcome, UNDER_WAY_MS } from './attempt-store'

/**
 * How much longer than needed Redis keeps a key. Redis ends it by its own clock and the callers count by theirs: these may
 * differ, and an attempt that is reserved at the end of a window may be settled behind it.
 */
const KEPT_LONGER_MS = 10_000

/** What holds now: counts of a window that is over are gone, and locks after their quiet time. */
const CURRENT = `
local key, now = KEYS[1], tonumber(ARGV[1])
local max, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local names = {'failures', 'under_way', 'window_ends_at', 'locked_until', 'locks', 'locks_forgotten_at'}
local stored = redis.call('HMGET', key, unpack(names))
local s = {}
for i, name in ipairs(names) do s[name] = tonumber(stored[i] or '0') end
if s.window_ends_at <= now then
  s.failures, s.under_way, s.window_ends_at = 0, 0, now + window
end
if s.locks_forgotten_at <= now then s.locks = 0 end
local function save()
  local fields = {}
  for _, name in ipairs(names) do
    fields[#fields + 1] = name
    fields[#fields + 1] = string.format('%.0f', s[name])
  end
  redis.call('HSET', key, unpack(fields))
  local needed = math.max(0, math.max(s.window_ends_at, s.locked_until, s.locks_forgotten_at) - now)
  redis.call('PEXPIRE', key, needed + ${KEPT_LONGER_MS})
end
`

const RESERVE = `${CURRENT}
if s.locked_until > now then return s.locked_until - now end
if s.failures >= max then return s.window_ends_at - now end
if s.failures + s.under_way >= max then return ${UNDER_WAY_MS} end
s.under_way = s.under_way + 1
save()
return 0
`

/** A lock ends the window: when it is over, all attempts are there again, and the next lock is twice as long. */
const SETTLE = `${CURRENT}
local outcome, forgiving = ARGV[4], ARGV[5] == '1'
local first, longest, quiet = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if outcome ~= 'failed' and redis.call('EXISTS', key) == 0 then return 0 end
s.under_way = math.max(0, s.under_way - 1)
local locked = 0
if outcome == 'succeeded' and forgiving then s.failures = 0 end
if outcome == 'failed' then
  s.failures = s.failures + 1
  if first > 0 and s.failures >= max and s.locked_until <= now then
    locked = 1
    s.locked_until = now + math.min(longest, first * 2 ^ math.min(s.locks, 30))
    s.failures, s.window_ends_at = 0, now
    s.locks, s.locks_forgotten_at = s.locks + 1, s.locked_until + quiet
  end
end
save()
return locked
`

interface Commands {
  rollcallReserve(key: string, ...args: readonly (string | number)[]): Promise<number>
  rollcallSettle(key: string, ...args: readonly (string | number)[]): Promise<number>
}

const PREFIX = 'rollcall:attempts:'

/** Each step is one script: Redis runs nothing beside it. */
export class RedisAttemptStore implements AttemptStore {
  private readonly commands: Commands

  constructor(private readonly redis: Redis) {
    redis.defineCommand('rollcallReserve', { numberOfKeys: 1, lua: RESERVE })
    redis.defineCommand('rollcallSettle', { numberOfKeys: 1, lua: SETTLE })
    this.commands = redis as unknown as Commands
  }

  async reserve(key: string, { max, windowMs }: AttemptRules, now: Date): Promise<number> {
    return this.commands.rollcallReserve(PREFIX + key, now.getTime(), max, windowMs)
  }

  async settle(key: string, { max, windowMs, forgiving, lock }: AttemptRules, outcome: Outcome, now: Date) {
    const locking = [lock?.firstMs ?? 0, lock?.maxMs ?? 0, lock?.quietMs ?? 0]
    const rules = [now.getTime(), max, windowMs, outcome, forgiving ? 1 : 0, ...locking]
    return (await this.commands.rollcallSettle(PREFIX + key, ...rules)) === 1
  }

  async clear(key: string): Promise<void> {
    await this.redis.del(PREFIX + key)
  }
}
