import type { Command } from 'commander'
import { createLogs, type Logs } from '../client/logs'
import { type ClientOptions, RollcallClient } from '../client/rollcall-client'
import { readSettings, type Settings } from '../client/settings'
import { jsonText, recordText, type Row, tableText, type Terminal } from './output'
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
  readonly showRows: (columns: readonly string[], rows: readonly object[]) => void
  /** One thing. */
  readonly showOne: (thing: object) => void
  /** A sentence for people; nothing with --json. */
  readonly say: (text: string) => void
}

export interface Surroundings {
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

export type Action = (context: Context, ...args: string[]) => Promise<void>

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
    ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
    ...(options.verbose ? { httpLogLevel: 'debug' as const } : {}),
  }
  const logs = createLogs(settings)
  const clientOptions = await clientOptionsOf(settings, logs)
  const json = options.json === true
  return {
    settings,
    logs,
    clientOptions,
    client: new RollcallClient(clientOptions),
    signal,
    terminal,
    json,
    showRows: (columns, rows) =>
      terminal.write(json ? jsonText(rows) : tableText(columns, rows as readonly Row[], terminal.columns)),
    showOne: (thing) => terminal.write(json ? jsonText(thing) : recordText(thing as Row)),
    say: (text) => {
      if (!json) terminal.write(`${text}\n`)
    },
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
