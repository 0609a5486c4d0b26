import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import joi from 'joi'
import type { AnswerStyle } from './answer'
import type { LogFormat, LogLevel } from './logs'

/** What the environment decides. Secrets stand here and nowhere else: not in code, not in messages. */
export interface Settings {
  readonly profile: string | undefined
  readonly baseUrl: string
  readonly token: string | undefined
  readonly apiKey: string | undefined
  /** For each attempt, in milliseconds. */
  readonly timeoutMs: number
  readonly totalTimeoutMs: number
  readonly retries: number
  /** For other services: where their users are, and how they answer. */
  readonly resourcePath: string
  readonly answers: AnswerStyle
  readonly logLevel: LogLevel
  readonly httpLogLevel: LogLevel
  /** auto: coloured on a terminal, plain when piped. */
  readonly logFormat: LogFormat
}

/** Every problem at once. The messages name variables and rules, never values. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(['The settings are not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'))
    this.problems = problems
  }
}

type Variables = Readonly<Record<string, string | undefined>>

export const DEFAULT_RESOURCE_PATH = '/users'

const DAY_MS = 86_400_000
const RETRIES_MAX = 100
const LEVELS = ['silent', 'error', 'warn', 'info', 'debug']
const PROFILE = /^[A-Za-z0-9_-]{1,64}$/

const milliseconds = joi.number().integer().min(1).max(DAY_MS)
const level = joi.string().valid(...LEVELS)
const secret = joi.string().pattern(/^[\x21-\x7e]+$/)

const schema = joi
  .object({
    ROLLCALL_PROFILE: joi.string().pattern(PROFILE),
    ROLLCALL_BASE_URL: joi
      .string()
      .pattern(/^https?:\/\/[^@?#\s]+$/)
      .default('http://127.0.0.1:8000'),
    ROLLCALL_TOKEN: secret,
    ROLLCALL_API_KEY: secret,
    ROLLCALL_TIMEOUT_MS: milliseconds.default(10_000),
    ROLLCALL_TOTAL_TIMEOUT_MS: milliseconds.default(60_000),
    ROLLCALL_RETRIES: joi.number().integer().min(0).max(RETRIES_MAX).default(4),
    ROLLCALL_RESOURCE_PATH: joi.string().default(DEFAULT_RESOURCE_PATH),
    ROLLCALL_ANSWERS: joi.string().valid('envelope', 'plain').default('envelope'),
    ROLLCALL_LOG_LEVEL: level.default('info'),
    ROLLCALL_HTTP_LOG_LEVEL: level.default('silent'),
    ROLLCALL_LOG_FORMAT: joi.string().valid('auto', 'pretty', 'plain', 'json').default('auto'),
  })
  .oxor('ROLLCALL_TOKEN', 'ROLLCALL_API_KEY')
  .prefs({ abortEarly: false, errors: { wrap: { label: false } } })
  .messages({ 'string.pattern.base': '{{#label}} does not have the required form' })

export interface SettingsSources {
  /** The process's own variables win over every file. */
  readonly env?: Variables
  /** Where `.env` and `.env.<profile>` are: the working directory unless told. */
  readonly folder?: string
  /** Wins over ROLLCALL_PROFILE. */
  readonly profile?: string | undefined
}

/**
 * Reads the settings: variables, then `.env.<profile>`, then `.env`.
 * @throws SettingsError
 */
export function readSettings({ env = process.env, folder = '.', profile }: SettingsSources = {}): Settings {
  const shared = readFile(join(folder, '.env'))
  const chosen = profile ?? (env['ROLLCALL_PROFILE'] || shared['ROLLCALL_PROFILE'] || undefined)
  const file = chosen === undefined ? {} : readProfile(folder, chosen)
  const given = ours({ ...shared, ...file, ...env, ...(chosen === undefined ? {} : { ROLLCALL_PROFILE: chosen }) })
  const result = schema.validate(given)
  if (result.error) throw new SettingsError(result.error.details.map(({ message }) => message))
  return toSettings(result.value as Readonly<Record<string, unknown>>)
}

function readProfile(folder: string, profile: string): Variables {
  if (!PROFILE.test(profile)) throw new SettingsError(['ROLLCALL_PROFILE does not have the required form'])
  const path = join(folder, `.env.${profile}`)
  if (!existsSync(path)) throw new SettingsError([`The profile ${profile} has no file .env.${profile}`])
  return readFile(path)
}

function readFile(path: string): Variables {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
}

/** The service has variables of its own in the same file; an empty one counts as none. */
function ours(variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => name.startsWith('ROLLCALL_') && value !== ''),
  )
}

function toSettings(values: Readonly<Record<string, unknown>>): Settings {
  return Object.freeze({
    profile: values['ROLLCALL_PROFILE'] as string | undefined,
    baseUrl: values['ROLLCALL_BASE_URL'] as string,
    token: values['ROLLCALL_TOKEN'] as string | undefined,
    apiKey: values['ROLLCALL_API_KEY'] as string | undefined,
    timeoutMs: values['ROLLCALL_TIMEOUT_MS'] as number,
    totalTimeoutMs: values['ROLLCALL_TOTAL_TIMEOUT_MS'] as number,
    retries: values['ROLLCALL_RETRIES'] as number,
    resourcePath: values['ROLLCALL_RESOURCE_PATH'] as string,
    answers: values['ROLLCALL_ANSWERS'] as AnswerStyle,
    logLevel: values['ROLLCALL_LOG_LEVEL'] as LogLevel,
    httpLogLevel: values['ROLLCALL_HTTP_LOG_LEVEL'] as LogLevel,
    logFormat: values['ROLLCALL_LOG_FORMAT'] as LogFormat,
  })
}
