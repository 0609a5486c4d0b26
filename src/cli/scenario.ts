import { type Command, InvalidArgumentError } from 'commander'
import { runScenario, type StepReport } from '../client/scenario'
import { type Context, type Surroundings, withContext } from './context'

interface Options {
  readonly users: number
  readonly seed: number
}

/** The run ended badly; its steps have told why. */
export class ScenarioFailedError extends Error {
  constructor(cause: unknown) {
    super('The scenario failed', { cause })
  }
}

/** `rollcall scenario` */
export function addScenario(program: Command, around: Surroundings): void {
  program
    .command('scenario')
    .description('run the whole life of some users against the service, and take them away again')
    .option('--users <number>', 'how many users', toWhole, 5)
    .option('--seed <number>', 'the same seed gives the same people', toWhole, 1)
    .addHelpText('after', `\nExample:\n  $ rollcall scenario --base-url http://127.0.0.1:8000 --users 20`)
    .action(withContext<Options>(around, scenario))
}

async function scenario(context: Context, { users, seed }: Options): Promise<void> {
  const { clientOptions: client, signal, terminal, json } = context
  if (!json)
    terminal.write(`${'STEP'.padEnd(16)}${'TIME'.padStart(9)}${'ANSWERS'.padStart(9)}${'RETRIES'.padStart(9)}\n`)
  const onStep = (step: StepReport) => {
    if (!json) terminal.write(stepText(step))
  }
  const report = await runScenario({ client, users, seed, signal, onStep })
  const broken = report.steps.find((step) => 'error' in step)
  if (json) terminal.write(`${JSON.stringify({ ...report, steps: report.steps.map(plainStep) }, null, 2)}\n`)
  if (broken) throw new ScenarioFailedError(broken.error)
  context.say(`\nEvery promise was kept: ${users} users in ${Math.round(report.ms)} ms, run ${report.runId}`)
}

function stepText(step: StepReport): string {
  const { name, ms, answers, retries } = step
  const time = `${Math.round(ms)} ms`
  const line = `${name.padEnd(16)}${time.padStart(9)}${String(answers).padStart(9)}${String(retries).padStart(9)}\n`
  return 'error' in step ? `${line}  ${messageOf(step.error)}\n` : line
}

function plainStep({ name, ms, answers, retries, ...rest }: StepReport): object {
  const error = 'error' in rest ? { error: messageOf(rest.error) } : {}
  return { name, ms: Math.round(ms), answers, retries, ...error }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function toWhole(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.')
  return value
}
