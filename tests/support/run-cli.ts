import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { PROJECT } from './child-process'

export interface CliResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string
  /** Standard input stays open after `input`, as a terminal's does. */
  readonly holdInput?: boolean
  /** Called once with the process, to signal it for instance. */
  readonly with?: (child: ChildProcess, out: () => string) => void
}

/** Runs the built command line to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [join(PROJECT, 'dist/cli/main.js'), ...args], {
    cwd: options.cwd ?? PROJECT,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.write(options.input ?? '')
  if (!options.holdInput) child.stdin.end()
  options.with?.(child, () => out)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}
