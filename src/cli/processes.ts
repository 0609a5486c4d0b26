import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readEnvironment } from '../config'

/** Beside the compiled command line. */
const SERVICE = join(__dirname, '..', 'main.js')
const ENGINE = join(__dirname, '..', 'embedded-mongo', 'main.js')

/** A process that was started here ended with this code; what it had to say it said itself. */
export class ChildEndedError extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`ended with ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** `rollcall serve`, `rollcall mongo` */
export function addProcesses(program: Command, signal: AbortSignal): void {
  program
    .command('serve')
    .description('run the service here; its settings are in .env.example')
    .option('--port <number>', 'where to listen')
    .option('--in-memory', 'keep nothing')
    .addHelpText('after', `\nExample:\n  $ rollcall serve --port 8000 --in-memory`)
    .action(async ({ port, inMemory }: { port?: string; inMemory?: boolean }) => {
      await run(SERVICE, inMemory ? ['--in-memory'] : [], port === undefined ? {} : { PORT: port }, signal)
    })

  program
    .command('mongo')
    .description('run the embedded engine alone, for any MongoDB driver')
    .allowUnknownOption()
    .argument('[options...]', 'of the engine: --port, --dbpath')
    .addHelpText('after', `\nExample:\n  $ rollcall mongo --port 27017 --dbpath ./data`)
    .action(async (options: string[]) => run(ENGINE, options, {}, signal))
}

/** Stays until the process ends. On Ctrl-C the terminal signals it too: it is only waited for. */
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
