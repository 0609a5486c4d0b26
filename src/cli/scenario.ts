import type { Command } from 'commander'
import { messageOf } from './message-of'
import { runScenario, type ScenarioOptions, type StepReport } from '../client/scenario'
import { LIFE_CYCLE } from '../client/scenario-steps'
import { DEFAULT_RESOURCE_PATH, type Settings } from '../client/settings'
import { toCount } from './arguments'
import { type Context, type Surroundings, withContext } from './context'
import { withExamples } from './help'
import { harmless, jsonText } from './text'

interface Options {
  readonly users: number
  readonly seed: number
  readonly plain?: boolean
  readonly resourcePath?: string
}

/** The run ended badly; its steps have told why. */
export class ScenarioFailedError extends Error {
  constructor(cause: unknown) {
    super('The scenario failed', { cause })
  }
}

/** `rollcall scenario` */
export function addScenario(program: Command, around: Surroundings): void {
  withExamples(
    program
      .command('scenario')
      .description('run the whole life of some users against the service, and take them away again')
      .option('--users <number>', 'how many users', toCount, 5)
      .option('--seed <number>', 'the same seed gives the same people', toCount, 1)
      .option('--plain', 'any other REST service with users: its answers are the data (ROLLCALL_ANSWERS=plain)')
      .option('--resource-path <path>', 'where its users are (ROLLCALL_RESOURCE_PATH)'),
    'scenario --base-url http://127.0.0.1:8000 --users 20',
    'scenario --plain --resource-path /v1/people',
  ).action(withContext<Options>(around, scenario))
}

async function scenario(context: Context, options: Options): Promise<void> {
  const { clientOptions: client, signal, terminal, json } = context
  const { users, seed } = options
  const plain = plainOf(options, context.settings)
  if (!json)
    terminal.write(`${'STEP'.padEnd(16)}${'TIME'.padStart(9)}${'ANSWERS'.padStart(9)}${'RETRIES'.padStart(9)}\n`)
  const bar = context.progress('Scenario', LIFE_CYCLE.length + 1)
  const onStep = (step: StepReport) => {
    bar.tick()
    if (!json) bar.above(() => terminal.write(stepText(step)))
  }
  const report = await runScenario({ client, plain, users, seed, signal, onStep }).finally(() => bar.end())
  const broken = report.steps.find((step) => 'error' in step)
  if (json) terminal.write(`${jsonText({ ...report, steps: report.steps.map(plainStep) })}\n`)
  if (broken) throw new ScenarioFailedError(broken.error)
  if (!json) {
    terminal.write(`\nEvery promise was kept: ${users} users in ${Math.round(report.ms)} ms, run ${report.runId}\n`)
  }
}

/** undefined: it is a service of this kind. */
function plainOf({ plain, resourcePath }: Options, settings: Settings): ScenarioOptions['plain'] {
  const isPlain = plain === true || settings.answers === 'plain'
  if (!isPlain && resourcePath === undefined && settings.resourcePath === DEFAULT_RESOURCE_PATH) return undefined
  return { resourcePath: resourcePath ?? settings.resourcePath, answers: isPlain ? 'plain' : 'envelope' }
}

function stepText(step: StepReport): string {
  const { name, ms, answers, retries, skipped } = step
  if (skipped !== undefined) return `${name.padEnd(16)}  skipped: ${skipped}\n`
  const time = `${Math.round(ms)} ms`
  const line = `${name.padEnd(16)}${time.padStart(9)}${String(answers).padStart(9)}${String(retries).padStart(9)}\n`
  return 'error' in step ? `${line}  ${harmless(messageOf(step.error))}\n` : line
}

function plainStep({ name, ms, answers, retries, skipped, ...rest }: StepReport): object {
  if (skipped !== undefined) return { name, skipped }
  const error = 'error' in rest ? { error: messageOf(rest.error) } : {}
  return { name, ms: Math.round(ms), answers, retries, ...error }
}
