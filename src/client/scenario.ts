import { systemClock } from './clock'
import type { ConfirmOptions } from './eventually'
import type { CallOptions, ClientLog } from './requester'
import { type ClientOptions, RollcallClient, type RestUsersOptions, restUsersClient } from './rollcall-client'
import { cleanUpPlain, PLAIN_LIFE_CYCLE, type PlainUser } from './scenario-plain'
import { cleanUp, LIFE_CYCLE, type Step } from './scenario-steps'
import { UserFactory, type UserFactoryOptions } from './user-factory'

const USERS = 5
const CLEAN_UP_MS = 60_000
const LATE_EFFECT_MS = 500

export interface ScenarioOptions extends Pick<UserFactoryOptions, 'seed' | 'runId'> {
  readonly client: ClientOptions
  /** For another service than this one: where its users are, and how it answers. It goes through what it can. */
  readonly plain?: Pick<RestUsersOptions, 'resourcePath' | 'answers'> | undefined
  /** How many users live through it. */
  readonly users?: number
  /** Breaks it off; what it made is taken away all the same. */
  readonly signal?: AbortSignal | undefined
  readonly confirm?: Pick<ConfirmOptions, 'deadlineMs' | 'confirmations'>
  readonly onStep?: (step: StepReport) => void
}

export interface StepReport {
  readonly name: string
  readonly ms: number
  /** Answers that came, of any status. */
  readonly answers: number
  readonly retries: number
  /** Why this kind of service was spared it. */
  readonly skipped?: string
  readonly error?: unknown
}

export interface ScenarioReport {
  readonly runId: string
  readonly ok: boolean
  readonly ms: number
  readonly steps: readonly StepReport[]
  /** How many users the end of the run found and took away; 0 after a run without a fault. */
  readonly cleanedUp: number
}

/**
 * Runs the whole life cycle of users against a service, and takes away what it made: also after a failure, and after the
 * signal. It resolves whatever happens; `ok` and the last step say what did.
 */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { clock = systemClock } = options.client
  const counter = countingLog(options.client.log)
  const factory = new UserFactory(options)
  const course = courseOf(options, factory, counter.log)
  const begin = clock.now()
  const steps: StepReport[] = []

  const timed = async (name: string, run: string | (() => Promise<unknown>)) => {
    const before = { at: clock.now(), ...counter.counts() }
    const isSkipped = typeof run === 'string'
    const outcome = isSkipped ? { skipped: run } : await failureOf(run)
    const { answers, retries } = counter.counts()
    const counts = { answers: answers - before.answers, retries: retries - before.retries }
    const report: StepReport = { name, ms: clock.now() - before.at, ...counts, ...outcome }
    steps.push(report)
    options.onStep?.(report)
    return !('error' in report)
  }
  let isWell = true
  for (const { name, run } of course.steps) {
    isWell = await timed(name, run)
    if (!isWell) break
  }
  let cleanedUp = 0
  await timed('clean up', async () => {
    // Not the caller's signal: what was made is taken away also when it has aborted.
    const cleaning = { signal: AbortSignal.timeout(CLEAN_UP_MS) }
    let found = await course.cleanUp(cleaning)
    cleanedUp += found
    while (!isWell) {
      // A request that was given up may still be at work over there.
      await clock.sleep(LATE_EFFECT_MS, cleaning.signal)
      found = await course.cleanUp(cleaning)
      cleanedUp += found
      if (found === 0) break
    }
  })
  await course.close()
  return {
    runId: factory.runId,
    ok: steps.every((step) => !('error' in step)),
    ms: clock.now() - begin,
    steps,
    cleanedUp,
  }
}

interface Course {
  readonly steps: readonly { readonly name: string; readonly run: string | (() => Promise<void>) }[]
  /** Takes away what the run has left. Returns how many users that were. */
  readonly cleanUp: (options: CallOptions) => Promise<number>
  readonly close: () => Promise<void>
}

function courseOf(options: ScenarioOptions, factory: UserFactory, log: ClientLog): Course {
  const call = { signal: options.signal, ...options.confirm }
  const common = { factory, count: options.users ?? USERS, options: call, users: [] }
  if (options.plain) {
    const client = restUsersClient<PlainUser>({ ...options.client, ...options.plain, log })
    const stage = { ...common, client, wanted: [] }
    return {
      steps: bound(PLAIN_LIFE_CYCLE, stage),
      cleanUp: (to) => cleanUpPlain(stage, to),
      close: () => client.close(),
    }
  }
  const client = new RollcallClient({ ...options.client, log })
  const stage = { ...common, client, wanted: [] }
  return { steps: bound(LIFE_CYCLE, stage), cleanUp: (to) => cleanUp(stage, to), close: () => client.close() }
}

function bound<S>(steps: readonly Step<S>[], stage: S): Course['steps'] {
  return steps.map(({ name, run }) => ({ name, run: typeof run === 'string' ? run : () => run(stage) }))
}

async function failureOf(run: () => Promise<unknown>): Promise<{ readonly error?: unknown }> {
  try {
    await run()
    return {}
  } catch (error) {
    return { error }
  }
}

function countingLog(log: ClientLog | undefined) {
  let answers = 0
  let retries = 0
  const counting: ClientLog = {
    debug: (message, fields) => {
      answers += 1
      log?.debug(message, fields)
    },
    warn: (message, fields) => {
      retries += 1
      log?.warn(message, fields)
    },
  }
  return { log: counting, counts: () => ({ answers, retries }) }
}
