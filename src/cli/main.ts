#!/usr/bin/env node
import { CommanderError } from 'commander'
import { messageOf } from './message-of'
import { ApiError, RollcallError } from '../client/errors'
import { redacted } from '../client/logs'
import { adviceFor } from './account'
import { SickError } from './doctor/doctor'
import { EXIT, exitCodeOf } from './exit-codes'
import { ChildEndedError } from './processes'
import { createProgram } from './program'
import { ScenarioFailedError } from './scenario'
import { noteText, processTerminal, type Terminal } from './terminal'
import { jsonText } from './text'
import { RefusedLinesError } from './users-import'

/** Ctrl-C under npm arrives twice, from the terminal and from npm: what comes within this time is the same one. */
const SAME_SIGNAL_MS = 1_000
const EXPLAINED_BY_LOG_FROM = 500

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const interrupt = interruption()
  // `rollcall users list --all | head`: nobody reads any more, and that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
  )
  const json = args.includes('--json')
  const usage: string[] = []
  try {
    const around = { terminal, signal: interrupt }
    const writeError = (text: string) => (json ? void usage.push(text) : terminal.note(text))
    await createProgram(around, writeError).parseAsync([...args], { from: 'user' })
    return interrupt.aborted ? EXIT.interrupted : EXIT.ok
  } catch (error) {
    const code = codeOf(error, interrupt)
    const failure = code === EXIT.ok || isTold(error) ? undefined : failureOf(error, usage.join('').trim())
    if (failure && json) terminal.note(`${jsonText({ error: { ...failure, exit_code: code } })}\n`)
    else if (failure && !(error instanceof CommanderError))
      terminal.note(code === EXIT.interrupted ? 'Interrupted\n' : noteText(textOf(failure), terminal))
    return code
  }
}

/** Aborts at the first signal, which asks for an end in order; the second does not wait for it. */
function interruption(): AbortSignal {
  const interrupt = new AbortController()
  let since: number | undefined
  const onSignal = () => {
    if (since !== undefined) {
      if (performance.now() - since > SAME_SIGNAL_MS) process.exit(EXIT.interrupted)
      return
    }
    since = performance.now()
    interrupt.abort(new DOMException('Interrupted', 'AbortError'))
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return interrupt.signal
}

function codeOf(error: unknown, interrupt: AbortSignal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof ChildEndedError) return error.exitCode
  if (interrupt.aborted) return EXIT.interrupted
  if (error instanceof SickError) return EXIT.broken
  if (error instanceof RefusedLinesError) return EXIT.refused
  if (!(error instanceof ScenarioFailedError)) return exitCodeOf(error)
  const code = exitCodeOf(error.cause)
  return code === EXIT.failed ? EXIT.broken : code
}

/** What the command has told itself. */
function isTold(error: unknown): boolean {
  return [SickError, ChildEndedError, RefusedLinesError].some((kind) => error instanceof kind)
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly status?: number
  readonly errors?: ApiError['errors']
  readonly request_id?: string
  readonly advice?: string
}

function failureOf(error: unknown, usage: string): Failure {
  const cause = error instanceof ScenarioFailedError ? error.cause : error
  const message = usage || messageOf(error)
  const advice = adviceFor(cause)
  const { code } = (cause ?? {}) as { readonly code?: unknown }
  return {
    code: typeof code === 'string' ? code : 'FAILED',
    message: String(redacted(message)),
    ...(cause instanceof ApiError ? { status: cause.status, errors: cause.errors } : {}),
    ...(cause instanceof RollcallError ? { request_id: cause.requestId } : {}),
    ...(advice === undefined ? {} : { advice }),
  }
}

function textOf({ message, status = 0, errors = [], request_id, advice }: Failure): string {
  const fieldWidth = Math.max(0, ...errors.map(({ field }) => field.length))
  const lines = [
    // The problems of fields have lines of their own.
    ...(errors.length > 0 ? [message.replace(/^(\d+ \w+).*(?= \()/s, '$1')] : message.split('\n')),
    ...errors.map((error) => `  ${error.field.padEnd(fieldWidth)}  ${error.message}`),
    ...(status >= EXPLAINED_BY_LOG_FROM ? [`The service's log has more on request ${request_id ?? ''}`] : []),
    ...(advice === undefined ? [] : [advice]),
  ]
  return `rollcall: ${lines.join('\n')}`
}

void main(process.argv.slice(2), processTerminal()).then((code) => {
  process.exitCode = code
})
