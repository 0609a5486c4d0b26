import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'

export const PROJECT = join(__dirname, '../..')

/** Waits until the child's stdout matches; rejects, with all that it said, when it ends before or takes too long. */
export function stdoutMatch(child: ChildProcess, pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    const fail = (why: string) => {
      settle()
      reject(new Error(`${child.spawnargs.join(' ')}: ${why}\n${out}${err}`))
    }
    const onOut = (chunk: Buffer) => {
      out += chunk.toString()
      const match = pattern.exec(out)
      if (!match) return
      settle()
      resolve(match)
    }
    const onErr = (chunk: Buffer) => (err += chunk.toString())
    const onEnd = (code: number | null, signal: string | null) => fail(`ended (${code ?? signal})`)
    const timer = setTimeout(() => fail(`nothing that matches ${pattern} within ${timeoutMs} ms`), timeoutMs)
    const settle = () => {
      clearTimeout(timer)
      child.off('close', onEnd).off('error', onError)
      child.stdout?.off('data', onOut).resume()
      child.stderr?.off('data', onErr).resume()
    }
    const onError = (error: Error) => fail(error.message)
    child.on('close', onEnd).on('error', onError)
    child.stdout?.on('data', onOut)
    child.stderr?.on('data', onErr)
  })
}

/** Ends a child that this test started: SIGTERM, and SIGKILL when that does not do within the grace time. */
export async function endChild(child: ChildProcess, graceMs = 10_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}
