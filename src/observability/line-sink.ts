import { Writable } from 'node:stream'

export interface LineSink {
  readonly stream: Writable
  /** Writes what is waiting, at once. Call it when the process ends. */
  readonly flush: () => void
}

/**
 * Lines that are written in one turn of the event loop leave together: under load this spares a system call for each
 * request, and no line waits for another.
 */
export function batchLines(target: Pick<NodeJS.WritableStream, 'write'>): LineSink {
  const waiting: string[] = []
  const flush = () => {
    if (waiting.length === 0) return
    target.write(waiting.join(''))
    waiting.length = 0
  }
  const stream = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      if (waiting.push(line) === 1) setImmediate(flush)
      done()
    },
  })
  return { stream, flush }
}
