import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../tests/support/free-port'

const PROJECT = join(__dirname, '..')
const START_MS = 60_000
const POLL_MS = 50
const CLOCK_TICKS_PER_SECOND = 100

export interface Running {
  readonly pid: number
  /** HTTP or MongoDB address. */
  readonly address: string
  readonly stop: () => Promise<void>
}

/** The built engine on a folder of its own, on the disk of the temporary folder: writes are flushed as in real use. */
export async function startEngine(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-bench-'))
  const child = start(['dist/embedded-mongo/main.js', '--port', '0', '--dbpath', folder], {})
  const address = await printed(child, /mongodb:\/\/127\.0\.0\.1:\d+/)
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  return { pid: child.pid!, address, stop }
}

/** One worker of the built service, or as many as `WORKERS` says, as `npm run start:cluster` runs them. */
export async function startService(mongoUri: string, more: Readonly<Record<string, string>> = {}): Promise<Running> {
  const port = await freePort()
  const common = { MONGO_URI: mongoUri, PORT: String(port), LOG_LEVEL: 'warn', NODE_ENV: 'development' }
  const env = { ...common, BCRYPT_COST: '10', ...more }
  const child = start([more['WORKERS'] === undefined ? 'dist/main.js' : 'scripts/start-cluster.mjs'], env)
  const address = `http://127.0.0.1:${port}`
  const deadline = Date.now() + START_MS
  while (!(await isReady(address))) {
    await sleep(POLL_MS)
    if (child.exitCode !== null) throw new Error(`The service ended (${child.exitCode})`)
    if (Date.now() > deadline) throw new Error('The service is not ready in time')
  }
  return { pid: child.pid!, address, stop: () => end(child) }
}

function start(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, args, {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
}

async function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout!) {
    const [match] = pattern.exec((text += String(chunk))) ?? []
    if (match) {
      child.stdout!.resume()
      return match
    }
  }
  throw new Error(`${child.spawnargs.join(' ')} ended`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}

async function isReady(address: string): Promise<boolean> {
  const response = await fetch(`${address}/health/ready`).catch(() => undefined)
  await response?.arrayBuffer()
  return response?.status === 200
}

/** CPU seconds that a process has used so far (user and system), 0 where there is no /proc. */
export function cpuSeconds(pid: number): number {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / CLOCK_TICKS_PER_SECOND
}

/** CPU seconds that the whole machine has spent on something so far. */
export function busySeconds(): number {
  const [user, nice, system, , , irq, softirq] = read('/proc/stat').split('\n')[0]!.split(/\s+/).slice(1).map(Number)
  return (
    [user, nice, system, irq, softirq].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / CLOCK_TICKS_PER_SECOND
  )
}

/** Resident memory in MiB, 0 where there is no /proc. */
export function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
