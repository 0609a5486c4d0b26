import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROJECT } from './child-process'
import { descendants, isRunning } from './process-tree'

/** `npm start` builds before it starts: seconds on a cold cache, minutes on a machine that is busy. */
const START_MS = 240_000
const POLL_MS = 50

export interface ServiceProcess {
  readonly child: ChildProcess
  readonly url: string
  /** What it has printed so far. */
  readonly output: () => string
}

export interface ServiceOptions {
  readonly script: 'start' | 'start:cluster' | 'dev'
  readonly port: number
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the npm script in a process group of its own, and waits until the service says that it is ready. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const { MONGO_URI: _, ...inherited } = process.env
  const env = { ...inherited, NODE_ENV: 'development', BCRYPT_COST: '4', PORT: String(options.port), ...options.env }
  const child = spawn('npm', ['run', options.script, '--', ...(options.args ?? [])], {
    cwd: PROJECT,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const service = { child, url: `http://127.0.0.1:${options.port}`, output: () => text }
  const ready = async () => {
    if (child.exitCode !== null) throw new Error(`npm run ${options.script} ended (${child.exitCode}):\n${text}`)
    return (await statusOf(`${service.url}/health/ready`)) === 200
  }
  try {
    await until(ready, START_MS, () => `npm run ${options.script} is not ready:\n${text}`)
  } catch (error) {
    killGroup(service, 'SIGKILL')
    throw error
  }
  return service
}

/** Signals npm and all that it started. */
export function killGroup({ child }: ServiceProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // the group has ended
  }
}

/** Kills all that a service has started: pm2 gives each process a group of its own. */
export function killTree(service: ServiceProcess): void {
  const pids = descendants(service.child.pid!).map(({ pid }) => pid)
  killGroup(service, 'SIGKILL')
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended
    }
  }
}

/** The status of a GET, undefined where nobody answers. */
export async function statusOf(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.status
  } catch {
    return undefined
  }
}

/** Polls until the condition holds; rejects with `otherwise()` when it does not in time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  otherwise: () => string,
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(otherwise())
    await sleep(POLL_MS)
  }
}

export async function untilEnded(pids: readonly number[], timeoutMs: number): Promise<void> {
  const running = () => pids.filter(isRunning)
  await until(
    () => running().length === 0,
    timeoutMs,
    () => `still running after ${timeoutMs} ms: ${running().join(', ')}`,
  )
}
