import type { Writable } from 'node:stream'
import { createLogger, format, type Logform, type Logger, transports } from 'winston'

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'
/** auto: pretty on a terminal with colours, plain elsewhere. */
export type LogFormat = 'auto' | 'pretty' | 'plain' | 'json'

export interface LogOptions {
  readonly logLevel: LogLevel
  readonly httpLogLevel: LogLevel
  readonly logFormat: LogFormat
  /** stderr unless told: stdout is for results. */
  readonly sink?: Writable & { readonly isTTY?: boolean; readonly hasColors?: () => boolean }
}

export interface Logs {
  /** What the application says. */
  readonly app: Logger
  /** What the HTTP client does: attempts, retries. A `ClientLog`. */
  readonly http: Logger
}

const LINE = Symbol.for('message')
const COLOURS: Readonly<Record<string, string>> = { error: '31', warn: '33', info: '32', debug: '36' }
const DIM = '2'
const REDACTED = '[redacted]'
const SECRET_NAME = /pass(word|wd)?|secret|token|authorization|cookie|api_?key|credential/i
/** Bearer headers, JSON Web Tokens, the service's own keys and tokens, passwords in addresses. */
const SECRET_TEXT = /Bearer\s+\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]*|\brc[a-z]_\w{6,}[\w-]*|(?<=\/\/)[^/@\s]+(?=@)/g
// eslint-disable-next-line no-control-regex -- what could begin another line or command a terminal
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
const DEPTH_MAX = 6

/** Two loggers with levels of their own. Whatever is logged, tokens and passwords are taken out of it. */
export function createLogs({ logLevel, httpLogLevel, logFormat, sink = process.stderr }: LogOptions): Logs {
  // A terminal without colours is one that has none, or whose user has set NO_COLOR.
  const hasColours = sink.isTTY === true && sink.hasColors?.() !== false
  const style = logFormat !== 'auto' ? logFormat : hasColours ? 'pretty' : 'plain'
  const logger = (name: string, level: LogLevel) =>
    createLogger({
      level: level === 'silent' ? 'error' : level,
      silent: level === 'silent',
      format: format((info) => {
        info[LINE] = style === 'json' ? jsonLine(name, info) : textLine(name, info, style === 'pretty')
        return info
      })(),
      transports: [new transports.Stream({ stream: sink, eol: '\n' })],
    })
  return { app: logger('app', logLevel), http: logger('http', httpLogLevel) }
}

function jsonLine(name: string, { level, message, ...fields }: Logform.TransformableInfo): string {
  const entry = { time: new Date().toISOString(), level, logger: name, message: redacted(message) }
  return onOneLine(JSON.stringify({ ...entry, ...(redacted(fields) as object) }))
}

function textLine(name: string, { level, message, ...fields }: Logform.TransformableInfo, colours: boolean): string {
  const paint = (colour: string, text: string) => (colours ? `\u001b[${colour}m${text}\u001b[0m` : text)
  const details = Object.entries(redacted(fields) as Record<string, unknown>)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const time = new Date().toISOString().slice('2000-01-01T'.length, -1)
  return [
    paint(DIM, time),
    paint(COLOURS[level] ?? DIM, level.padEnd(5)),
    paint(DIM, name.padEnd(4)),
    onOneLine(String(redacted(message))),
    ...(details.length > 0 ? [paint(DIM, onOneLine(details.join(' ')))] : []),
  ].join(' ')
}

/** A copy without secrets, by the names of fields and by what a text looks like. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(SECRET_TEXT, REDACTED)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth >= DEPTH_MAX) return '[…]'
  if (value instanceof Error) return `${value.name}: ${String(redacted(value.message))}`
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) ? REDACTED : redacted(inner, depth + 1),
    ]),
  )
}

function onOneLine(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
