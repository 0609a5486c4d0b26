import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface EmbeddedOptions {
  readonly dataDir: string
  /** 0: any free port. */
  readonly port: number
  /** Keep nothing on disk. */
  readonly inMemory: boolean
}

export interface EmbeddedMongo {
  /** `mongodb://127.0.0.1:PORT`. */
  readonly uri: string
  /** Settles when the engine has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** Lets the engine flush and end. */
  readonly stop: () => Promise<void>
}

const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5_000

/**
 * Starts the embedded engine as a process of its own on loopback. It ends when its channel to us closes, so it never
 * outlives this process, whatever ends that.
 * @throws Error when it does not start; the engine has then said why on stderr.
 */
export async function startEmbeddedMongo(options: EmbeddedOptions): Promise<EmbeddedMongo> {
  const child = fork(entryPath(), argumentsOf(options), {
    execArgv: executionArguments(),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // A group of its own: Ctrl-C in a terminal reaches the whole group, and we still need the store to finish.
    detached: true,
  })
  const ended = once(child, 'exit').then(
    () => undefined,
    () => undefined,
  )
  const uri = await readyUri(child, ended)
  return { uri, ended, stop: () => stop(child, ended) }
}

/** Beside this file's folder, compiled or not. */
function entryPath(): string {
  return join(__dirname, '..', 'embedded-mongo', `main${extname(__filename)}`)
}

/** Sources run through tsx, which the child needs as well. */
function executionArguments(): string[] {
  if (extname(__filename) === '.js') return process.execArgv
  return process.execArgv.some((argument) => argument.includes('tsx')) ? process.execArgv : ['--import', 'tsx']
}

function argumentsOf({ dataDir, port, inMemory }: EmbeddedOptions): string[] {
  return ['--port', String(port), ...(inMemory ? ['--in-memory'] : ['--dbpath', dataDir])]
}

async function readyUri(child: ChildProcess, ended: Promise<void>): Promise<string> {
  const late = new AbortController()
  const message = new Promise<string>((resolve) => {
    child.on('message', (told: { readonly type?: unknown; readonly uri?: unknown }) => {
      if (told.type === 'ready' && typeof told.uri === 'string') resolve(told.uri)
    })
  })
  const timeout = sleep(START_TIMEOUT_MS, undefined, { signal: late.signal, ref: false }).catch(() => undefined)
  const uri = await Promise.race([message, ended, timeout])
  late.abort()
  if (uri !== undefined) return uri
  child.kill('SIGKILL')
  throw new Error('The embedded MongoDB engine did not start')
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect()
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(killer)
}
