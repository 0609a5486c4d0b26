import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { addChildCoverage } from '../support/child-coverage'
import { PROJECT, endChild, stdoutMatch } from '../support/child-process'

const START_MS = 20_000
const READY_LINE = /^.*(mongodb:\/\/127\.0\.0\.1:(\d+)).*$/m

export interface Engine {
  readonly child: ChildProcess
  readonly uri: string
  readonly port: number
  /** What it says when it is ready. */
  readonly line: string
  /** SIGTERM, and waits until it has ended. */
  readonly stop: () => Promise<void>
  /** SIGKILL, and waits until it has ended: nothing is flushed on the way out. */
  readonly kill: () => Promise<void>
}

export interface EngineOptions {
  /** The data folder; without one the engine runs with `--in-memory`. */
  readonly dbpath?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** The engine in one file, made from its source before the first of these tests; see jest.config.ts. */
function bundle(): string {
  const path = process.env['ENGINE_UNDER_TEST']
  if (!path) throw new Error('No engine for this kind of tests: see the projects in jest.config.ts')
  return path
}

/** Runs the engine as it is in the source, with an IPC channel, on a port that is free. Waits for nothing. */
export function spawnEngine({ dbpath, args = [], env = {} }: EngineOptions = {}): ChildProcess {
  const storage = dbpath === undefined ? ['--in-memory'] : ['--dbpath', dbpath]
  const port = args.includes('--port') ? [] : ['--port', '0']
  return spawn(process.execPath, ['--enable-source-maps', bundle(), ...storage, ...port, ...args], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}

/** Starts the engine and waits for the line that says where it listens. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const child = spawnEngine(options)
  const [line, uri = '', port] = await stdoutMatch(child, READY_LINE, START_MS)
  return {
    child,
    uri,
    port: Number(port),
    line,
    stop: async () => {
      await endChild(child)
      addChildCoverage(child)
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** How a child ends that is expected to end by itself, with all that it said; it is killed when it takes too long. */
export async function endingOf(child: ChildProcess, timeoutMs: number): Promise<Ending> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  clearTimeout(timer)
  addChildCoverage(child)
  return { code, signal, stdout, stderr }
}
