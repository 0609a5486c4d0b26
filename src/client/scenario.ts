import { systemClock } from './clock'
import type { ConfirmOptions } from './eventually'
import type { ClientLog } from './requester'
import { type ClientOptions, RollcallClient } from './rollcall-client'
import { cleanUp, LIFE_CYCLE, type Stage } from './scenario-steps'
import { UserFactory, type UserFactoryOptions } from './user-factory'

const USERS = 5
const CLEAN_UP_MS = 60_000
const LATE_EFFECT_MS = 500

export interface ScenarioOptions extends Pick<UserFactoryOptions, 'seed' | 'runId'> {
  readonly client: ClientOptions
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
  const client = new RollcallClient({ ...options.client, log: counter.log })
  const factory = new UserFactory(options)
  const call = { signal: options.signal, ...options.confirm }
  const stage: Stage = { client, factory, count: options.users ?? USERS, options: call, wanted: [], users: [] }
  const begin = clock.now()
  const steps: StepReport[] = []

  const timed = async (name: string, run: () => Promise<unknown>) => {
    const before = { at: clock.now(), ...counter.counts() }
    const failure = await run().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const { answers, retries } = counter.counts()
    const counts = { answers: answers - before.answers, retries: retries - before.retries }
    const report = { name, ms: clock.now() - before.at, ...counts, ...failure }
    options.onStep?.(report)
    return report
  }
  for (const { name, run } of LIFE_CYCLE) {
    const report = await timed(name, () => run(stage))
    steps.push(report)
    if ('error' in report) break
  }
  let cleanedUp = 0
  // Not the caller's signal: what was made is taken away also when it has aborted.
  const cleaning = { signal: AbortSignal.timeout(CLEAN_UP_MS) }
  const isBroken = steps.some((step) => 'error' in step)
  const sweep = async () => (cleanedUp += await cleanUp(stage, cleaning))
  steps.push(
    await timed('clean up', async () => {
      await sweep()
      if (!isBroken) return
      // A request that was given up may still be at work over there.
      await clock.sleep(LATE_EFFECT_MS)
      await sweep()
    }),
  )
  await client.close()
  return {
    runId: factory.runId,
    ok: steps.every((step) => !('error' in step)),
    ms: clock.now() - begin,
    steps,
    cleanedUp,
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
