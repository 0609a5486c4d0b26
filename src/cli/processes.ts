import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readEnvironment } from '../config'
import { withExamples } from './help'

/** Beside the compiled command line. */
const BUILT = join(__dirname, '..')
const SERVICE = join(BUILT, 'main.js')
const ENGINE = join(BUILT, 'embedded-mongo', 'main.js')
const PURGE = join(BUILT, 'cli', 'purge.js')
const ROTATE_KEYS = join(BUILT, 'cli', 'rotate-keys.js')

type Options = Readonly<Record<string, string | boolean | undefined>>

/** A process that was started here ended with this code; what it had to say it said itself. */
export class ChildEndedError extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`ended with ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** `rollcall serve`, `mongo`, `purge`, `rotate-keys`: processes of their own. */
export function addProcesses(program: Command, signal: AbortSignal): void {
  withExamples(
    program
      .command('serve')
      .description('run the service here; its settings are in .env.example')
      .option('--port <number>', 'where to listen')
      .option('--in-memory', 'keep nothing'),
    'serve --port 8000 --in-memory',
  ).action(async ({ port, inMemory }: { port?: string; inMemory?: boolean }) => {
    await run(SERVICE, inMemory ? ['--in-memory'] : [], port === undefined ? {} : { PORT: port }, signal)
  })

  withExamples(
    program
      .command('mongo')
      .description('run the embedded engine alone, for any MongoDB driver')
      .option('--port <number>', 'where to listen on 127.0.0.1; 27017 unless told')
      .option('--dbpath <folder>', 'where its data is')
      .option('--in-memory', 'keep nothing'),
    'mongo --port 27017 --dbpath ./data',
  ).action(async ({ port, dbpath, inMemory }: Options) =>
    run(ENGINE, argumentsOf({ port, dbpath, 'in-memory': inMemory }), {}, signal),
  )

  withExamples(
    program
      .command('purge')
      .description("take deleted users away for good, on the service's database")
      .requiredOption('--older-than <days>', 'who were deleted longer ago, for instance 30d')
      .option('--dry-run', 'only say how many they are'),
    'purge --older-than 30d --dry-run',
  ).action(async ({ olderThan, dryRun }: Options) =>
    run(PURGE, argumentsOf({ 'older-than': olderThan, 'dry-run': dryRun }), {}, signal),
  )

  withExamples(
    program
      .command('rotate-keys')
      .description("make a new key that signs access tokens, on the service's database")
      .option('--overlap-s <seconds>', 'how long it is published before it signs')
      .option('--now', 'sign with it at once')
      .option('--revoke', 'the old keys are known to others: take none of their tokens any more'),
    'rotate-keys',
    'rotate-keys --revoke',
  ).action(async ({ overlapS, now, revoke }: Options) =>
    run(ROTATE_KEYS, argumentsOf({ 'overlap-s': overlapS, now, revoke }), {}, signal),
  )
}

function argumentsOf(options: Options): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return []
    return value === true ? [`--${name}`] : [`--${name}=${value}`]
  })
}

/** Stays until the process ends. At Ctrl-C the terminal has signalled it too, and it takes the second for the same. */
async function run(
  script: string,
  args: readonly string[],
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit', env: { ...readEnvironment(), ...more } })
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  const [code] = (await once(child, 'exit')) as [number | null]
  signal.removeEventListener('abort', stop)
  if (code !== 0 && !signal.aborted) throw new ChildEndedError(code ?? 1)
}
