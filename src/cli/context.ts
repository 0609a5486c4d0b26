import type { Command } from 'commander'
import { createLogs, type Logs } from '../client/logs'
import { type ClientOptions, RollcallClient } from '../client/rollcall-client'
import { readSettings, type Settings } from '../client/settings'
import { readBaseUrl } from '../client/url'
import { UsageError } from './exit-codes'
import { recordText, type Row, tableText, type TableOptions } from './output'
import { Progress } from './progress'
import { noteText, type Terminal } from './terminal'
import { harmless, jsonText } from './text'
import { TokenFile } from './token-file'

/** What every command can be given. */
export interface GlobalOptions {
  readonly baseUrl?: string
  readonly profile?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** What a command works with. */
export interface Context {
  readonly settings: Settings
  readonly logs: Logs
  readonly client: RollcallClient
  readonly clientOptions: ClientOptions
  readonly signal: AbortSignal
  readonly terminal: Terminal
  readonly json: boolean
  /** A list: a table for people, JSON for scripts. */
  readonly showRows: (columns: readonly string[], rows: readonly object[], options?: TableOptions) => void
  /** One thing. */
  readonly showOne: (thing: object) => void
  /** What was done: a sentence for people, facts for scripts. */
  readonly tell: (sentence: string, facts: object) => void
  /** Beside the results, on standard error; nothing with --json. */
  readonly remark: (text: string) => void
  readonly progress: (label: string, total?: number) => Progress
}

export interface Surroundings {
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** Makes the handler of a command: settings, client, and the client's end, whatever happens. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- says what commander does not
export function withContext<Options>(
  { terminal, signal }: Surroundings,
  work: (context: Context, options: Options, ...args: string[]) => Promise<void>,
) {
  // commander gives arguments, then the command's options, then the command.
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    const options = command.optsWithGlobals<GlobalOptions>()
    const context = await openContext(options, terminal, signal)
    try {
      await work(context, options as Options, ...(given.slice(0, -2) as string[]))
    } finally {
      await context.client.close()
    }
  }
}

async function openContext(options: GlobalOptions, terminal: Terminal, signal: AbortSignal): Promise<Context> {
  const read = readSettings({ profile: options.profile })
  const settings = {
    ...read,
    ...(options.baseUrl === undefined ? {} : { baseUrl: checked(options.baseUrl) }),
    ...(options.verbose ? { httpLogLevel: 'debug' as const } : {}),
  }
  const logs = createLogs(settings)
  const clientOptions = await clientOptionsOf(settings, logs)
  return {
    settings,
    logs,
    clientOptions,
    client: new RollcallClient(clientOptions),
    signal,
    ...voiceOf(terminal, options.json === true),
  }
}

/** @throws UsageError that does not repeat the address: it may hold a password */
function checked(baseUrl: string): string {
  try {
    readBaseUrl(baseUrl)
    return baseUrl
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

type Voice = 'terminal' | 'json' | 'showRows' | 'showOne' | 'tell' | 'remark' | 'progress'

/** How a command speaks: to people, or to a program. */
function voiceOf(terminal: Terminal, json: boolean): Pick<Context, Voice> {
  const writeJson = (value: unknown) => terminal.write(`${jsonText(value)}\n`)
  return {
    terminal,
    json,
    showRows: (columns, rows, options) =>
      json ? writeJson(rows) : terminal.write(tableText(columns, rows as readonly Row[], terminal.columns, options)),
    showOne: (thing) => (json ? writeJson(thing) : terminal.write(recordText(thing as Row))),
    tell: (sentence, facts) => (json ? writeJson(facts) : terminal.write(`${harmless(sentence)}\n`)),
    remark: (text) => {
      if (!json) terminal.note(noteText(text, terminal))
    },
    progress: (label, total) => new Progress({ label, total, terminal, quiet: json }),
  }
}

async function clientOptionsOf(settings: Settings, logs: Logs): Promise<ClientOptions> {
  const { baseUrl, token, apiKey, timeoutMs, totalTimeoutMs, retries } = settings
  const file = new TokenFile()
  const fixed = token !== undefined || apiKey !== undefined
  const session = fixed ? undefined : await file.load(baseUrl)
  return {
    baseUrl,
    token,
    apiKey,
    session,
    timeoutMs,
    totalTimeoutMs,
    retries,
    log: settings.httpLogLevel === 'silent' ? undefined : logs.http,
    onSession: (tokens) => file.save(baseUrl, tokens),
  }
}
