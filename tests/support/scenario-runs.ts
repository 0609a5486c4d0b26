import type { Db } from 'mongodb'
import { runScenario, type ScenarioReport } from '../../src/client/scenario'
import { UserFactory } from '../../src/client/user-factory'
import { type Fault, startFaultyProxy } from './faulty-proxy'
import { seeded } from './seeded'

export const RUN_USERS = 5
/** For one run at most; it takes some seconds. */
export const RUN_MS = 120_000
const FAILING_SHARE = 0.2
const ATTEMPT_MS_MIN = 500
/** Created, updated, moved to another e-mail, given a role, relieved of it: each of them once. */
const VERSION_AT_THE_END = 5

const FAULTS: readonly Fault[] = [
  'refuse',
  'drop',
  'cut-request',
  'stale',
  'late',
  'reset-after',
  'lose-answer',
  'cut-answer',
  'truncate',
  'shorten',
  { status: 500 },
  { status: 502, after: true },
  { status: 503, retryAfter: '0' },
]
/** They cost a whole time-out each: one fault in so many is one of them. */
const HANGING: readonly Fault[] = ['silence', 'stall', 'black-hole', 'drip']
const HANGING_SHARE = 0.1

/** A time-out that tells a server that hangs from one that is slow here and now: by what a good run took. */
export function attemptMsBy(good: ScenarioReport, lanes: number): number {
  return Math.max(ATTEMPT_MS_MIN, 2 * lanes * Math.max(...good.steps.map(({ ms }) => ms)))
}

/** One scenario through a network of its own, in which one request in five fails; which and how, the seed decides. */
export async function runThroughFaults(serviceUrl: string, seed: number, timeoutMs: number): Promise<ScenarioReport> {
  const random = seeded(seed)
  const oneOf = (faults: readonly Fault[]) => faults[Math.floor(random() * faults.length)]!
  const proxy = await startFaultyProxy(serviceUrl)
  proxy.plan = () => {
    if (random() >= FAILING_SHARE) return 'none'
    return oneOf(random() < HANGING_SHARE ? HANGING : FAULTS)
  }
  const client = {
    baseUrl: proxy.url,
    timeoutMs,
    totalTimeoutMs: RUN_MS,
    retries: 15,
    backoff: { baseMs: 5, capMs: timeoutMs },
    retryBudget: null,
  }
  const confirm = { deadlineMs: RUN_MS }
  try {
    return await runScenario({ seed, runId: `run${seed}`, users: RUN_USERS, client, confirm })
  } finally {
    await proxy.stop()
  }
}

export function broken({ steps }: ScenarioReport): readonly string[] {
  return steps.flatMap((step) => ('error' in step ? [`${step.name}: ${String(step.error)}`] : []))
}

/** What the store holds of a run. Every user that was ever created is in one of the two: a deleted one is kept. */
export async function keptOf(db: Db, runId: string) {
  const ofRun = { email: { $regex: `\\.${runId}@` } }
  const fields = { projection: { _id: 0, email: 1, version: 1, 'metadata.seen': 1 }, sort: { email: 1 } } as const
  return {
    living: await db.collection('users').find(ofRun, fields).toArray(),
    deleted: await db.collection('deleted_users').find(ofRun, fields).toArray(),
    roles: await db.collection('roles').countDocuments({ name: `RUN_${runId.toUpperCase()}` }),
  }
}

/** Each user of the run was there once, went through every change once, and is gone. */
export function wholeLives(seed: number, runId: string) {
  const deleted = new UserFactory({ seed, runId })
    .createMany(RUN_USERS)
    .map(({ email }) => ({ email: `moved.${email}`, version: VERSION_AT_THE_END, metadata: { seen: 1 } }))
    .sort((a, b) => (a.email < b.email ? -1 : 1))
  return { living: [], deleted, roles: 0 }
}
