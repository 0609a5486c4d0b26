import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './exit-codes'

/** Asks on the terminal; what is typed is not shown. @throws UsageError where there is no terminal to ask on */
export async function askSecretly(question: string, signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('There is no terminal to ask on: use --password-stdin')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  process.stderr.write(question)
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await answerTo('', lines, signal)
  } finally {
    process.stderr.write('\n')
  }
}

/** Whether to do what cannot be undone. @throws UsageError where there is no terminal to ask on, and no --yes */
export async function confirm(question: string, isSure: boolean, signal: AbortSignal): Promise<boolean> {
  if (isSure) return true
  if (!process.stdin.isTTY) throw new UsageError(`${question} Say --yes: there is no terminal to ask on`)
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true })
  return /^y(es)?$/i.test((await answerTo(`${question} [y/N] `, lines, signal)).trim())
}

/** Rejects at Ctrl-C with AbortError, and with UsageError when the input ends without an answer. */
async function answerTo(question: string, lines: Interface, signal: AbortSignal): Promise<string> {
  const asking = new AbortController()
  try {
    return await new Promise<string>((resolve, reject) => {
      // In raw mode Ctrl-C is a key, not a signal.
      lines.once('SIGINT', () => reject(new DOMException('Interrupted', 'AbortError')))
      lines.once('close', () => reject(new UsageError('There was no answer')))
      const onAbort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true, signal: asking.signal })
      lines.question(question, resolve)
    })
  } finally {
    asking.abort()
    lines.close()
  }
}

/** The first line of standard input. */
export async function readFirstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line
  return ''
}

export function canAsk(): boolean {
  return process.stdin.isTTY
}
