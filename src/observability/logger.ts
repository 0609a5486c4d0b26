import type { Writable } from 'node:stream'
import { createLogger as createWinston, format, transports, type Logform, type Logger } from 'winston'
import { onOneLine } from './log-text'
import { redact, type LoggedError } from './redact'

export interface LoggerOptions {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug'
  readonly logFormat: 'pretty' | 'json'
}

/**
 * Marks an entry whose fields hold no secret by construction, one flat value each: it is not searched for any. The access
 * log writes one such for every request.
 */
export const PLAIN = Symbol('plain')

/** Where winston looks for the finished line. */
const LINE = Symbol.for('message')

/**
 * A logger that writes to `sink`, one entry a line: JSON for machines, coloured text for people. Whatever is in an entry,
 * it can neither begin another line nor command a terminal; only the stack of an error is set below its line, indented.
 */
export function createLogger({ logLevel, logFormat }: LoggerOptions, sink: Writable = process.stdout): Logger {
  const render = logFormat === 'json' ? jsonLine : prettyLine
  return createWinston({
    level: logLevel === 'silent' ? 'error' : logLevel,
    silent: logLevel === 'silent',
    format: format((info) => {
      info[LINE] = render(info)
      return info
    })(),
    transports: [new transports.Stream({ stream: sink, eol: '\n' })],
  })
}

function jsonLine({ level, message, ...fields }: Logform.TransformableInfo): string {
  const entry = { time: new Date().toISOString(), level, message, ...shownFields(fields) }
  // JSON escapes C0 by itself; the pass is for the rest.
  return onOneLine(JSON.stringify(entry))
}

type Fields = Record<PropertyKey, unknown>

function shownFields(fields: Fields): Fields {
  return PLAIN in fields ? fields : (redact(fields) as Fields)
}

const COLOURS: Readonly<Record<string, string>> = { error: '31', warn: '33', info: '32', debug: '36' }
const DIM = '2'

function prettyLine({ level, message, ...fields }: Logform.TransformableInfo): string {
  const { error, ...rest } = shownFields(fields) as Fields & { error?: LoggedError }
  const time = new Date().toISOString().slice('2000-01-01T'.length, -1)
  const details = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${shown(value)}`],
  )
  const line = [paint(DIM, time), paint(COLOURS[level] ?? DIM, level.padEnd(5)), onOneLine(String(message))]
  if (details.length > 0) line.push(paint(DIM, onOneLine(details.join(' '))))
  return error === undefined ? line.join(' ') : `${line.join(' ')}\n${errorLines(error)}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function paint(colour: string, text: string): string {
  return `\u001b[${colour}m${text}\u001b[0m`
}

/** The stack, each line of it indented, so that none can pass for an entry; the message, on one line. */
function errorLines(error: LoggedError): string {
  const head = `${error.name}: ${error.message}`
  const frames = error.stack?.startsWith(head) ? error.stack.slice(head.length).split('\n') : []
  const lines = [head, ...frames.map((frame) => frame.trim()).filter((frame) => frame !== '')]
  const own = lines.map((line) => `    ${onOneLine(line)}`).join('\n')
  const { cause } = error as { cause?: LoggedError }
  return cause && typeof cause === 'object' && 'name' in cause ? `${own}\n    caused by\n${errorLines(cause)}` : own
}
