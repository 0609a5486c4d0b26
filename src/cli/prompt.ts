import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './exit-codes'

/** Asks on the terminal; what is typed is not shown. @throws UsageError where there is no terminal to ask on */
export async function askSecretly(question: string, signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('There is no terminal to ask on: use --password-stdin')
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      // In raw mode Ctrl-C is a key, not a signal.
      lines.once('SIGINT', () => reject(new DOMException('Interrupted', 'AbortError')))
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      lines.question('', resolve)
    })
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}

/** The first line of standard input. */
export async function readFirstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line
  return ''
}
