import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings } from '../../../src/client/settings'
import { ConfigError, loadConfig, readEnvironment, VARIABLES } from '../../../src/config'

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

it('has a default for everything, and is frozen', () => {
  const config = loadConfig({})

  expect(config).toEqual({
    nodeEnv: 'development',
    host: '127.0.0.1',
    port: 8_000,
    authMode: 'open',
    mongoUri: undefined,
    dataDir: './data',
    mongoEnginePort: 0,
    mongoPoolSize: 100,
    mongoDeadlineMs: 2_000,
    validationStatus: 400,
    requireIfMatch: false,
    bcryptCost: 12,
    deletedRetentionDays: 30,
    logLevel: 'info',
    logFormat: 'pretty',
    corsOrigins: [],
    drainMs: 1_500,
    publicUrl: undefined,
    tokenIssuer: undefined,
    tokenAudience: 'rollcall',
    accessTokenTtlS: 900,
    refreshTokenTtlDays: 30,
    sessionTtlDays: 90,
    stepUpMaxAgeS: 600,
    adminEmail: undefined,
    adminPassword: undefined,
    bootstrapApiKey: undefined,
    encryptionKey: undefined,
    allowRegistration: false,
    enumerationSafe: false,
    requireVerifiedEmail: false,
    password: { minBytes: 8, classes: ['lower', 'upper', 'digit'], words: [], minScore: 0, refuseCommon: true },
    login: { attemptsMax: 10, addressAttemptsMax: 100, windowS: 900, lockS: 60, lockMaxS: 3_600 },
    redisUrl: undefined,
    trustProxy: false,
    smtpUrl: undefined,
    mailFrom: 'Rollcall <no-reply@localhost>',
    deletedEmail: 'free',
    hstsMaxAgeS: 0,
    startedByNpm: false,
    startId: undefined,
    workers: 1,
    engineUri: undefined,
  })
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.corsOrigins)).toBe(true)
})

it('reads and converts what is set; empty means not set', () => {
  const env = {
    PORT: '0',
    HOST: '::1',
    BCRYPT_COST: ' ',
    DATA_DIR: '',
    VALIDATION_STATUS: '422',
    REQUIRE_IF_MATCH: 'true',
    CORS_ORIGINS: 'https://a.example, http://localhost:3000,',
    MONGO_URI: 'mongodb+srv://user:password@cluster.example/db',
    LOG_FORMAT: 'json',
    npm_lifecycle_event: 'start',
    UNRELATED: 'x',
  }

  expect(loadConfig(env)).toMatchObject({
    port: 0,
    host: '::1',
    bcryptCost: 12,
    dataDir: './data',
    validationStatus: 422,
    requireIfMatch: true,
    corsOrigins: ['https://a.example', 'http://localhost:3000'],
    mongoUri: env.MONGO_URI,
    logFormat: 'json',
    startedByNpm: true,
  })
})

it('lists every problem at once, and no value', () => {
  const problems = problemsOf({
    PORT: '65536',
    BCRYPT_COST: '3',
    MONGO_URI: 'user:topsecret@host',
    VALIDATION_STATUS: '401',
    LOG_LEVEL: 'loud',
    CORS_ORIGINS: 'https://a.example/path',
    DRAIN_MS: '1.5',
  })

  expect(problems).toEqual([
    'PORT must be less than or equal to 65535',
    'MONGO_URI does not have the required form (.env.example shows it)',
    'VALIDATION_STATUS must be one of [400, 422]',
    'BCRYPT_COST must be greater than or equal to 4',
    'LOG_LEVEL must be one of [silent, error, warn, info, debug]',
    'CORS_ORIGINS[0] does not have the required form (.env.example shows it)',
    'DRAIN_MS must be an integer',
  ])
  expect(problems.join()).not.toContain('topsecret')
})

describe('AUTH_MODE', () => {
  it.each(['127.0.0.1', '127.3.2.1', 'localhost', '::1'])('is open on %s', (HOST) => {
    expect(loadConfig({ HOST }).authMode).toBe('open')
  })

  it.each([
    { NODE_ENV: 'production' },
    { HOST: '0.0.0.0' },
    { HOST: '::' },
    { HOST: '127.evil.example' },
    { AUTH_MODE: 'required' },
  ])('is required with %j', (env) => {
    expect(loadConfig(env).authMode).toBe('required')
  })

  it('asks for an encryption key in production with a MongoDB elsewhere', () => {
    const env = { NODE_ENV: 'production', MONGO_URI: 'mongodb://db.example/rollcall' }
    expect(problemsOf(env)).toEqual([expect.stringContaining('ENCRYPTION_KEY is required in production')])
    expect(loadConfig({ ...env, ENCRYPTION_KEY: 'ab'.repeat(32) }).encryptionKey).toEqual(Buffer.alloc(32, 0xab))
  })

  it('reads what passwords need', () => {
    const env = { PASSWORD_CLASSES: 'none', PASSWORD_WORDS: 'acme, rollcall' }
    expect(loadConfig(env).password).toMatchObject({ classes: [], words: ['acme', 'rollcall'] })
    expect(problemsOf({ PASSWORD_WORDS: 'abc' })).toHaveLength(1)
  })

  it('asks for both of ADMIN_EMAIL and ADMIN_PASSWORD', () => {
    expect(problemsOf({ ADMIN_EMAIL: 'a@b.example' })).toEqual(['ADMIN_EMAIL and ADMIN_PASSWORD belong together'])
  })

  it.each([
    [{ NODE_ENV: 'production' }, 'AUTH_MODE=open is refused with NODE_ENV=production'],
    [{ HOST: '192.168.0.1' }, 'AUTH_MODE=open is refused unless HOST is a loopback address'],
  ])('open is refused with %j', (env, problem) => {
    expect(problemsOf({ ...env, AUTH_MODE: 'open' })).toEqual([problem])
  })
})

it('.env.example explains every variable, and shows its default', () => {
  const text = readFileSync(join(__dirname, '../../../.env.example'), 'utf8')
  const shown = [...text.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => ({ name, value }))
  const explained = text.split('\n\n').filter((part) => /^# .+\n#[A-Z_]+=/m.test(part))
  const variables = explained.flatMap((part) => part.match(/^#[A-Z_]+=/gm))
  const isOfClient = ({ name }: { name: string }) => name.startsWith('ROLLCALL_')
  const ofService = shown.filter((one) => !isOfClient(one))
  const valuesOf = (all: typeof shown) => Object.fromEntries(all.map(({ name, value }) => [name, value]))
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-no-env-'))
  const settings = readSettings({ env: {}, folder })

  expect(ofService.map(({ name }) => name).sort()).toEqual([...VARIABLES].sort())
  expect(variables).toHaveLength(shown.length)
  expect(loadConfig(valuesOf(ofService))).toEqual(loadConfig({}))
  expect(shown.filter(isOfClient)).toHaveLength(Object.keys(settings).length)
  expect(readSettings({ env: valuesOf(shown), folder })).toEqual(settings)
})

describe('a secret in a file of its own', () => {
  afterEach(() => {
    delete process.env['MONGO_URI_FILE']
    delete process.env['MONGO_URI']
  })

  it('is read, without the end of its line', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'rollcall-secret-')), 'uri')
    writeFileSync(path, 'mongodb://db.example/rollcall\n')
    process.env['MONGO_URI_FILE'] = path

    expect(loadConfig(readEnvironment()).mongoUri).toBe('mongodb://db.example/rollcall')
    process.env['MONGO_URI'] = 'mongodb://other.example'
    expect(() => readEnvironment()).toThrow('MONGO_URI and MONGO_URI_FILE exclude each other')
  })

  it('that cannot be read ends the start, without its path', () => {
    process.env['MONGO_URI_FILE'] = '/nowhere/uri'

    expect(() => readEnvironment()).toThrow(/MONGO_URI_FILE cannot be read \(ENOENT\)$/)
  })
})
