import { existsSync } from 'node:fs'
import joi from 'joi'

export type AuthMode = 'open' | 'required'
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** Everything that the environment decides, checked and frozen. A time is in the unit that its name ends with. */
export interface Config {
  readonly nodeEnv: 'development' | 'test' | 'production'
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly authMode: AuthMode
  /** undefined: the embedded engine, with its data in `dataDir`. */
  readonly mongoUri: string | undefined
  readonly dataDir: string
  /** The embedded engine's port. 0: any free one. */
  readonly mongoEnginePort: number
  readonly mongoPoolSize: number
  readonly mongoDeadlineMs: number
  readonly validationStatus: 400 | 422
  readonly requireIfMatch: boolean
  readonly bcryptCost: number
  readonly deletedRetentionDays: number
  readonly logLevel: LogLevel
  readonly logFormat: 'pretty' | 'json'
  /** Origins that browsers may call from. Empty: no CORS headers at all. */
  readonly corsOrigins: readonly string[]
  readonly drainMs: number
  /** npm is the parent, and may be killed without a chance to tell us. */
  readonly startedByNpm: boolean
}

/** Every problem of the environment at once. The messages name variables and rules, never values. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'))
    this.name = new.target.name
    this.problems = problems
  }
}

const ENV_FILE = '.env'
const RETENTION_DAYS_MAX = 3_650
const MILLISECONDS_MAX = 60_000
const PORT_MAX = 65_535
const WORKERS_MAX = 256

const port = joi.number().integer().min(0).max(PORT_MAX)
const milliseconds = joi.number().integer().max(MILLISECONDS_MAX)

const variables = {
  NODE_ENV: joi.string().valid('development', 'test', 'production').default('development'),
  HOST: joi.string().hostname().default('127.0.0.1'),
  PORT: port.default(8_000),
  AUTH_MODE: joi.string().valid('open', 'required'),
  MONGO_URI: joi.string().pattern(/^mongodb(\+srv)?:\/\/[^/]/),
  DATA_DIR: joi.string().default('./data'),
  MONGO_ENGINE_PORT: port.default(0),
  MONGO_POOL_SIZE: joi.number().integer().min(1).max(1_000).default(100),
  MONGO_DEADLINE_MS: milliseconds.min(100).default(2_000),
  VALIDATION_STATUS: joi.number().valid(400, 422).default(400),
  REQUIRE_IF_MATCH: joi.boolean().default(false),
  BCRYPT_COST: joi.number().integer().min(4).max(15).default(12),
  DELETED_RETENTION_DAYS: joi.number().integer().min(1).max(RETENTION_DAYS_MAX).default(30),
  LOG_LEVEL: joi.string().valid('silent', 'error', 'warn', 'info', 'debug').default('info'),
  LOG_FORMAT: joi.string().valid('pretty', 'json'),
  CORS_ORIGINS: joi.array().items(joi.string().pattern(/^https?:\/\/[^/?#\s]+$/)),
  DRAIN_MS: milliseconds.min(0).default(1_500),
  // Read by ecosystem.config.cjs; checked here as well, so that a wrong value is told with all others.
  WORKERS: joi.number().integer().min(1).max(WORKERS_MAX),
}

const environment = joi.object({ ...variables, npm_lifecycle_event: joi.string() }).prefs({
  abortEarly: false,
  errors: { wrap: { label: false } },
  messages: {
    'string.pattern.base': '{{#label}} does not have the required form (.env.example shows it)',
    'string.hostname': '{{#label}} must be a host name or an IP address',
  },
})

/** The variables that a user sets, each of them explained in .env.example. */
export const VARIABLES: readonly string[] = Object.keys(variables)

/** The process's environment, with what a `.env` file in the working directory adds to it. */
export function readEnvironment(): NodeJS.ProcessEnv {
  if (existsSync(ENV_FILE)) process.loadEnvFile(ENV_FILE)
  return process.env
}

/** @throws ConfigError that lists every problem. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const { value, error } = environment.validate(pick(env)) as { value: Values; error?: joi.ValidationError }
  if (error) throw new ConfigError(error.details.map(({ message }) => message))
  const config = toConfig(value)
  const refusals = refusalsOf(config)
  if (refusals.length > 0) throw new ConfigError(refusals)
  return config
}

/** Ours alone, and no empty strings: `NAME=` in a shell or an .env file means "not set". */
function pick(env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  for (const name of [...VARIABLES, 'npm_lifecycle_event']) if (env[name]?.trim()) given[name] = env[name]
  if (env['CORS_ORIGINS']) given['CORS_ORIGINS'] = listed(env['CORS_ORIGINS'])
  return given
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

type Values = Readonly<Record<keyof typeof variables | 'npm_lifecycle_event', unknown>>

function toConfig(values: Values): Config {
  const production = values.NODE_ENV === 'production'
  const open = !production && isLoopback(values.HOST as string)
  return Object.freeze({
    nodeEnv: values.NODE_ENV as Config['nodeEnv'],
    host: values.HOST as string,
    port: values.PORT as number,
    authMode: (values.AUTH_MODE as AuthMode | undefined) ?? (open ? 'open' : 'required'),
    mongoUri: values.MONGO_URI as string | undefined,
    dataDir: values.DATA_DIR as string,
    mongoEnginePort: values.MONGO_ENGINE_PORT as number,
    mongoPoolSize: values.MONGO_POOL_SIZE as number,
    mongoDeadlineMs: values.MONGO_DEADLINE_MS as number,
    validationStatus: values.VALIDATION_STATUS as Config['validationStatus'],
    requireIfMatch: values.REQUIRE_IF_MATCH as boolean,
    bcryptCost: values.BCRYPT_COST as number,
    deletedRetentionDays: values.DELETED_RETENTION_DAYS as number,
    logLevel: values.LOG_LEVEL as LogLevel,
    logFormat: (values.LOG_FORMAT as Config['logFormat'] | undefined) ?? (production ? 'json' : 'pretty'),
    corsOrigins: Object.freeze((values.CORS_ORIGINS as readonly string[] | undefined) ?? []),
    drainMs: values.DRAIN_MS as number,
    startedByNpm: values.npm_lifecycle_event !== undefined,
  })
}

/** In open mode every caller is an administrator, so that mode stays on this machine and out of production. */
function refusalsOf(config: Config): readonly string[] {
  if (config.authMode === 'required') {
    return [
      'AUTH_MODE=required is not available yet, and it is the default in production and on any address but loopback: ' +
        'start with NODE_ENV=development and HOST=127.0.0.1',
    ]
  }
  const refusals: string[] = []
  if (config.nodeEnv === 'production') refusals.push('AUTH_MODE=open is refused with NODE_ENV=production')
  if (!isLoopback(config.host)) refusals.push('AUTH_MODE=open is refused unless HOST is a loopback address')
  return refusals
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
