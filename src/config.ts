import { existsSync, readFileSync } from 'node:fs'
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
  /** Where people reach the service: the base of the links in mails, and the issuer of tokens. */
  readonly publicUrl: string | undefined
  readonly tokenIssuer: string | undefined
  readonly tokenAudience: string
  readonly accessTokenTtlS: number
  /** A session that is not refreshed for so long is over. */
  readonly refreshTokenTtlDays: number
  /** No session lasts longer, however often it is refreshed. */
  readonly sessionTtlDays: number
  /** How long a proof of identity serves for dangerous calls. */
  readonly stepUpMaxAgeS: number
  readonly adminEmail: string | undefined
  readonly adminPassword: string | undefined
  readonly bootstrapApiKey: string | undefined
  /** 32 bytes that encrypt signing keys and authenticator secrets at rest. undefined: they lie there in the clear. */
  readonly encryptionKey: Buffer | undefined
  readonly allowRegistration: boolean
  readonly enumerationSafe: boolean
  readonly requireVerifiedEmail: boolean
  readonly password: PasswordRules
  readonly login: LoginLimits
  readonly redisUrl: string | undefined
  /** Express's `trust proxy`: false, a number of hops, or addresses. */
  readonly trustProxy: false | number | readonly string[]
  readonly smtpUrl: string | undefined
  readonly mailFrom: string
  /** free: the e-mail of a deleted user can be used at once. reserved: only after the purge. */
  readonly deletedEmail: 'free' | 'reserved'
  /** 0: no Strict-Transport-Security header. */
  readonly hstsMaxAgeS: number
  /** Processes that share this machine with the present one, and that one. */
  readonly workers: number
  /** npm is the parent, and may be killed without a chance to tell us. */
  readonly startedByNpm: boolean
  /** The same in all workers that one launcher started. undefined: a process on its own. */
  readonly startId: string | undefined
  /** Where the launcher of the workers has the embedded engine run. undefined: this process starts its own. */
  readonly engineUri: string | undefined
}

export type PasswordClass = 'lower' | 'upper' | 'digit' | 'symbol'

export interface PasswordRules {
  /** In bytes of UTF-8. */
  readonly minBytes: number
  readonly classes: readonly PasswordClass[]
  /** Words that no password may hold, in any case. */
  readonly words: readonly string[]
  /** The least zxcvbn score, 0 to 4. 0: not asked for. */
  readonly minScore: number
  readonly refuseCommon: boolean
}

export interface LoginLimits {
  /** Failed attempts on one account within the window before it is locked. */
  readonly attemptsMax: number
  /** Failed attempts from one address within the window before it is refused. */
  readonly addressAttemptsMax: number
  readonly windowS: number
  /** The first lock; each further one is twice as long, up to `lockMaxS`. */
  readonly lockS: number
  readonly lockMaxS: number
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
const DEFAULT_CLASSES: readonly PasswordClass[] = ['lower', 'upper', 'digit']
/** No rule on what a password is made of. */
const NO_CLASSES = 'none'
const WORD_LENGTH_MIN = 4
const WORD_LENGTH_MAX = 64
const WORDS_MAX = 100
/** Variables that hold several values, separated by commas. */
const LISTS = ['CORS_ORIGINS', 'PASSWORD_CLASSES', 'PASSWORD_WORDS'] as const
const DAY_S = 86_400
const NAME_LENGTH_MAX = 256
const KEY_LENGTH_MIN = 32
const ENCRYPTION_KEY_BYTES = 32

const port = joi.number().integer().min(0).max(PORT_MAX)
const seconds = joi.number().integer()
const days = joi.number().integer().min(1).max(RETENTION_DAYS_MAX)
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
  PUBLIC_URL: joi.string().pattern(/^https?:\/\/[^/?#\s]+$/),
  TOKEN_ISSUER: joi.string().max(NAME_LENGTH_MAX),
  TOKEN_AUDIENCE: joi.string().max(NAME_LENGTH_MAX).default('rollcall'),
  ACCESS_TOKEN_TTL_S: seconds.min(1).max(DAY_S).default(900),
  REFRESH_TOKEN_TTL_DAYS: days.default(30),
  SESSION_TTL_DAYS: days.default(90),
  STEP_UP_MAX_AGE_S: seconds.min(1).max(DAY_S).default(600),
  ADMIN_EMAIL: joi.string().email({ tlds: false, allowUnicode: false }).lowercase(),
  ADMIN_PASSWORD: joi.string(),
  BOOTSTRAP_API_KEY: joi
    .string()
    .min(KEY_LENGTH_MIN)
    .max(NAME_LENGTH_MAX)
    .pattern(/^[\x21-\x7e]+$/),
  ENCRYPTION_KEY: joi.string().pattern(/^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/),
  ALLOW_REGISTRATION: joi.boolean().default(false),
  ENUMERATION_SAFE: joi.boolean().default(false),
  REQUIRE_VERIFIED_EMAIL: joi.boolean().default(false),
  PASSWORD_MIN_BYTES: joi.number().integer().min(8).max(72).default(8),
  PASSWORD_CLASSES: joi
    .array()
    .items(joi.string().valid('lower', 'upper', 'digit', 'symbol', NO_CLASSES))
    .unique(),
  PASSWORD_WORDS: joi.array().items(joi.string().min(WORD_LENGTH_MIN).max(WORD_LENGTH_MAX)).max(WORDS_MAX),
  PASSWORD_MIN_SCORE: joi.number().integer().min(0).max(4).default(0),
  PASSWORD_COMMON: joi.string().valid('refuse', 'allow').default('refuse'),
  LOGIN_ATTEMPTS_MAX: joi.number().integer().min(1).max(1_000).default(10),
  LOGIN_ADDRESS_ATTEMPTS_MAX: joi.number().integer().min(1).max(1_000_000).default(100),
  LOGIN_WINDOW_S: seconds.min(1).max(DAY_S).default(900),
  LOGIN_LOCK_S: seconds.min(1).max(DAY_S).default(60),
  LOGIN_LOCK_MAX_S: seconds
    .min(1)
    .max(7 * DAY_S)
    .default(3_600),
  REDIS_URL: joi.string().pattern(/^rediss?:\/\/[^/]/),
  TRUST_PROXY: joi.string().pattern(/^(?:false|\d{1,2}|[0-9A-Fa-f.:/]+|loopback|linklocal|uniquelocal|,|\s)+$/),
  SMTP_URL: joi.string().pattern(/^smtps?:\/\/[^/]/),
  MAIL_FROM: joi
    .string()
    .max(NAME_LENGTH_MAX)
    .pattern(/^[^\r\n]+$/)
    .default('Rollcall <no-reply@localhost>'),
  DELETED_EMAIL: joi.string().valid('free', 'reserved').default('free'),
  HSTS_MAX_AGE_S: seconds
    .min(0)
    .max(2 * 366 * DAY_S)
    .default(0),
  // Read by ecosystem.config.cjs; checked here as well, so that a wrong value is told with all others.
  WORKERS: joi.number().integer().min(1).max(WORKERS_MAX),
}

const environment = joi
  .object({
    ...variables,
    npm_lifecycle_event: joi.string(),
    CLUSTER_START_ID: joi.string(),
    CLUSTER_ENGINE_URI: joi.string(),
  })
  .prefs({
    abortEarly: false,
    errors: { wrap: { label: false } },
    messages: {
      'string.pattern.base': '{{#label}} does not have the required form (.env.example shows it)',
      'string.hostname': '{{#label}} must be a host name or an IP address',
    },
  })

/** What npm, scripts/start-cluster.mjs and ecosystem.config.cjs set; nobody else should. */
const FROM_LAUNCHERS = ['npm_lifecycle_event', 'CLUSTER_START_ID', 'CLUSTER_ENGINE_URI'] as const

/** The variables that a user sets, each of them explained in .env.example. */
export const VARIABLES: readonly string[] = Object.keys(variables)

/** The secrets among them: `NAME_FILE` may name a file that holds the value, as containers hand secrets over. */
const SECRETS = ['ADMIN_PASSWORD', 'BOOTSTRAP_API_KEY', 'ENCRYPTION_KEY', 'MONGO_URI', 'REDIS_URL', 'SMTP_URL'] as const

/**
 * The process's environment, with what a `.env` file in the working directory and the files of secrets add to it.
 * @throws ConfigError for files that cannot be read.
 */
export function readEnvironment(): NodeJS.ProcessEnv {
  if (existsSync(ENV_FILE)) process.loadEnvFile(ENV_FILE)
  return { ...process.env, ...secretsFromFiles(process.env) }
}

function secretsFromFiles(env: NodeJS.ProcessEnv): Record<string, string> {
  const secrets: Record<string, string> = {}
  const problems: string[] = []
  for (const name of SECRETS) {
    const path = env[`${name}_FILE`]?.trim()
    if (!path) continue
    if (env[name]?.trim()) problems.push(`${name} and ${name}_FILE exclude each other`)
    try {
      secrets[name] = readFileSync(path, 'utf8').trim()
    } catch (error) {
      problems.push(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return secrets
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
  for (const name of [...VARIABLES, ...FROM_LAUNCHERS]) if (env[name]?.trim()) given[name] = env[name]
  for (const name of LISTS) if (env[name]) given[name] = listed(env[name])
  return given
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

type Values = Readonly<Record<keyof typeof variables | (typeof FROM_LAUNCHERS)[number], unknown>>

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
    publicUrl: values.PUBLIC_URL as string | undefined,
    tokenIssuer: values.TOKEN_ISSUER as string | undefined,
    tokenAudience: values.TOKEN_AUDIENCE as string,
    accessTokenTtlS: values.ACCESS_TOKEN_TTL_S as number,
    refreshTokenTtlDays: values.REFRESH_TOKEN_TTL_DAYS as number,
    sessionTtlDays: values.SESSION_TTL_DAYS as number,
    stepUpMaxAgeS: values.STEP_UP_MAX_AGE_S as number,
    adminEmail: values.ADMIN_EMAIL as string | undefined,
    adminPassword: values.ADMIN_PASSWORD as string | undefined,
    bootstrapApiKey: values.BOOTSTRAP_API_KEY as string | undefined,
    encryptionKey: keyBytes(values.ENCRYPTION_KEY as string | undefined),
    allowRegistration: values.ALLOW_REGISTRATION as boolean,
    enumerationSafe: values.ENUMERATION_SAFE as boolean,
    requireVerifiedEmail: verifiedFirst(values),
    password: passwordRules(values),
    login: loginLimits(values),
    redisUrl: values.REDIS_URL as string | undefined,
    trustProxy: trusted(values.TRUST_PROXY as string | undefined),
    smtpUrl: values.SMTP_URL as string | undefined,
    mailFrom: values.MAIL_FROM as string,
    deletedEmail: values.DELETED_EMAIL as Config['deletedEmail'],
    hstsMaxAgeS: values.HSTS_MAX_AGE_S as number,
    workers: (values.WORKERS as number | undefined) ?? 1,
    startedByNpm: values.npm_lifecycle_event !== undefined,
    startId: values.CLUSTER_START_ID as string | undefined,
    engineUri: values.CLUSTER_ENGINE_URI as string | undefined,
  })
}

/** Where registering tells nothing, logging in afterwards must not tell either whether the address was free. */
function verifiedFirst({ REQUIRE_VERIFIED_EMAIL: asked, ENUMERATION_SAFE: safe, ALLOW_REGISTRATION: open }: Values) {
  return asked === true || (safe === true && open === true)
}

function passwordRules(values: Values): PasswordRules {
  return Object.freeze({
    minBytes: values.PASSWORD_MIN_BYTES as number,
    classes: passwordClasses(values),
    words: Object.freeze((values.PASSWORD_WORDS as readonly string[] | undefined) ?? []),
    minScore: values.PASSWORD_MIN_SCORE as number,
    refuseCommon: values.PASSWORD_COMMON === 'refuse',
  })
}

function passwordClasses({ PASSWORD_CLASSES: given = DEFAULT_CLASSES }: Values): readonly PasswordClass[] {
  return Object.freeze((given as readonly string[]).filter((name): name is PasswordClass => name !== NO_CLASSES))
}

function loginLimits(values: Values): LoginLimits {
  return Object.freeze({
    attemptsMax: values.LOGIN_ATTEMPTS_MAX as number,
    addressAttemptsMax: values.LOGIN_ADDRESS_ATTEMPTS_MAX as number,
    windowS: values.LOGIN_WINDOW_S as number,
    lockS: values.LOGIN_LOCK_S as number,
    lockMaxS: values.LOGIN_LOCK_MAX_S as number,
  })
}

/** 64 hex digits, or base64 of 32 bytes in either alphabet. */
function keyBytes(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined
  return Buffer.from(text, text.length === 2 * ENCRYPTION_KEY_BYTES ? 'hex' : 'base64')
}

function trusted(text: string | undefined): Config['trustProxy'] {
  if (text === undefined || text === 'false') return false
  return /^\d+$/.test(text) ? Number(text) : Object.freeze(listed(text))
}

/** In open mode every caller is an administrator, so that mode stays on this machine and out of production. */
function refusalsOf(config: Config): readonly string[] {
  const refusals: string[] = []
  if ((config.adminEmail === undefined) !== (config.adminPassword === undefined)) {
    refusals.push('ADMIN_EMAIL and ADMIN_PASSWORD belong together')
  }
  if (config.authMode === 'required') return [...refusals, ...missingFor(config)]
  if (config.nodeEnv === 'production') refusals.push('AUTH_MODE=open is refused with NODE_ENV=production')
  if (!isLoopback(config.host)) refusals.push('AUTH_MODE=open is refused unless HOST is a loopback address')
  return refusals
}

function missingFor(config: Config): readonly string[] {
  // The embedded engine keeps one beside its data.
  if (config.nodeEnv !== 'production' || config.mongoUri === undefined || config.encryptionKey !== undefined) return []
  return ['ENCRYPTION_KEY is required in production with MONGO_URI: `openssl rand -base64 32` makes one']
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
