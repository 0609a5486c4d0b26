import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { upserting } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import { type AttemptDocument, attemptModel } from './attempt.model'
import { type AttemptRules, type AttemptStore, type LockRules, type Outcome, UNDER_WAY_MS } from './attempt-store'

type Expression = Readonly<Record<string, unknown>>

const LONG_AGO = new Date(0)

/** Each step is one update by a pipeline: MongoDB reads, decides and writes the document at once. */
export class MongoAttemptStore implements AttemptStore {
  private readonly attempts: mongo.Collection<AttemptDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.attempts = collectionOf(attemptModel(connection))
  }

  async reserve(key: string, rules: AttemptRules, now: Date): Promise<number> {
    const found = await this.step(key, [...current(rules, now), ...reservation(rules, now)], true)
    return found === null || found.decision === 'admitted' ? 0 : waitMs(found, rules, now)
  }

  async settle(key: string, rules: AttemptRules, outcome: Outcome, now: Date): Promise<boolean> {
    const failed = outcome === 'failed'
    const steps = [...current(rules, now), ...(failed ? failure(rules, now) : refund(rules, outcome))]
    // The place may have been taken in another store, or be gone: a failure counts all the same.
    return (await this.step(key, steps, failed))?.decision === 'locked'
  }

  async clear(key: string): Promise<void> {
    await storeCall(this.attempts.deleteOne({ _id: key }), this.deadlineMs)
  }

  private async step(_id: string, stages: readonly Expression[], upsert: boolean): Promise<AttemptDocument | null> {
    const options = { upsert, returnDocument: 'after' } as const
    return upserting(() => storeCall(this.attempts.findOneAndUpdate({ _id }, [...stages], options), this.deadlineMs))
  }
}

/** What holds now: counts of a window that is over are gone, and locks after their quiet time. */
function current({ windowMs }: AttemptRules, now: Date): readonly Expression[] {
  const open = isLater('window_ends_at', now)
  const kept = (field: string) => ({ $cond: [open, { $ifNull: [`$${field}`, 0] }, 0] })
  return [
    {
      $set: {
        failures: kept('failures'),
        under_way: kept('under_way'),
        window_ends_at: { $cond: [open, '$window_ends_at', after(now, windowMs)] },
        locked_until: { $ifNull: ['$locked_until', LONG_AGO] },
        locks: { $cond: [isLater('locks_forgotten_at', now), '$locks', 0] },
        locks_forgotten_at: { $ifNull: ['$locks_forgotten_at', LONG_AGO] },
      },
    },
  ]
}

function reservation({ max }: AttemptRules, now: Date): readonly Expression[] {
  const free = { $lt: [{ $add: ['$failures', '$under_way'] }, max] }
  const admitted = { $and: [{ $not: [isLater('locked_until', now)] }, free] }
  return [
    { $set: { decision: { $cond: [admitted, 'admitted', 'refused'] } } },
    { $set: { under_way: { $add: ['$under_way', { $cond: [{ $eq: ['$decision', 'admitted'] }, 1, 0] }] } } },
    purging(),
  ]
}

const returned = { $max: [0, { $subtract: ['$under_way', 1] }] }

function failure({ max, lock }: AttemptRules, now: Date): readonly Expression[] {
  const counted = { $set: { under_way: returned, failures: { $add: ['$failures', 1] }, decision: 'counted' } }
  return lock ? [counted, ...locking(lock, max, now), purging()] : [counted, purging()]
}

/** A lock ends the window: when it is over, all attempts are there again, and the next lock is twice as long. */
function locking({ firstMs, maxMs, quietMs }: LockRules, max: number, now: Date): readonly Expression[] {
  const due = { $and: [{ $gte: ['$failures', max] }, { $not: [isLater('locked_until', now)] }] }
  const lengthMs = { $toLong: { $min: [maxMs, { $multiply: [firstMs, { $pow: [2, { $min: ['$locks', 30] }] }] }] } }
  const ifLocked = (value: unknown, otherwise: unknown) => ({
    $cond: [{ $eq: ['$decision', 'locked'] }, value, otherwise],
  })
  return [
    { $set: { decision: { $cond: [due, 'locked', '$decision'] } } },
    { $set: { locked_until: ifLocked({ $add: [now, lengthMs] }, '$locked_until') } },
    {
      $set: {
        failures: ifLocked(0, '$failures'),
        window_ends_at: ifLocked(now, '$window_ends_at'),
        locks: ifLocked({ $add: ['$locks', 1] }, '$locks'),
        locks_forgotten_at: ifLocked({ $add: ['$locked_until', quietMs] }, '$locks_forgotten_at'),
      },
    },
  ]
}

function refund({ forgiving }: AttemptRules, outcome: Outcome): readonly Expression[] {
  const failures = forgiving && outcome === 'succeeded' ? { failures: 0 } : {}
  return [{ $set: { under_way: returned, decision: 'counted', ...failures } }]
}

function purging(): Expression {
  return { $set: { purge_at: { $max: ['$window_ends_at', '$locked_until', '$locks_forgotten_at'] } } }
}

function waitMs(found: AttemptDocument, { max }: AttemptRules, now: Date): number {
  const locked = found.locked_until.getTime() - now.getTime()
  if (locked > 0) return locked
  return found.failures >= max ? found.window_ends_at.getTime() - now.getTime() : UNDER_WAY_MS
}

function isLater(field: string, now: Date): Expression {
  return { $gt: [{ $ifNull: [`$${field}`, LONG_AGO] }, now] }
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms)
}
