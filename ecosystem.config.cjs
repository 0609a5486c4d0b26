// What `npm run start:cluster` runs: WORKERS copies of the API behind one port and, where MONGO_URI is absent, the
// embedded engine once beside them.
const { existsSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const { resolve } = require('node:path')
const { whenOrphaned } = require('./dist/parent-watch.js')
const { encryptionKeyIn } = require('./dist/secrets/key-file.js')

if (existsSync('.env')) process.loadEnvFile('.env')
const env = process.env

/** An integer from the environment, or the default where the variable is absent or empty. */
function integer(name, fallback, min, max) {
  const value = Number(env[name]?.trim() || fallback)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new Error(`${name} must be an integer from ${min} to ${max}`)
}

const workers = integer('WORKERS', availableParallelism(), 1, 256)
const enginePort = integer('MONGO_ENGINE_PORT', 27_117, 1, 65_535)
const drainMs = integer('DRAIN_MS', 1_500, 0, 60_000)
const dataDir = resolve(env.DATA_DIR?.trim() || './data')

/** Whether the data lives elsewhere: then no engine is started here. The workers read the value themselves. */
const external = Boolean(env.MONGO_URI?.trim() || env.MONGO_URI_FILE?.trim())

/** pm2 counts a worker as online when this ends, ready or not; building indexes over many users takes its time. */
const READY_MS = 120_000
/** What a worker may need beyond the drain: the last requests end, and connections close. Then comes SIGKILL. */
const END_MS = 10_000
/** Of a process that ended within a second of its start, as with wrong settings. Then pm2 gives it up. */
const RESTARTS_MAX = 5

// pm2-runtime loads this file into its own process. When the script that started it is killed with SIGKILL, all of it
// ends, instead of staying behind with the port and the data folder.
if (env.CLUSTER_PARENT_PID === String(process.ppid)) whenOrphaned(() => process.kill(process.pid, 'SIGTERM'))

const common = {
  cwd: __dirname,
  wait_ready: true,
  listen_timeout: READY_MS,
  kill_timeout: drainMs + END_MS,
  max_restarts: RESTARTS_MAX,
  pmx: false,
  vizion: false,
  // pm2-runtime passes on what the processes print; its own copies would grow without end, in memory in a container.
  out_file: '/dev/null',
  error_file: '/dev/null',
}

const engine = {
  ...common,
  name: 'mongo',
  script: 'dist/embedded-mongo/main.js',
  // Told to end together with the workers, it serves them until they are done.
  args: ['--port', String(enginePort), '--dbpath', dataDir, '--quiesce-ms', String(drainMs + END_MS)],
  exec_mode: 'fork',
  kill_timeout: drainMs + 2 * END_MS,
}

/** What the workers cannot know: where the engine is, and the key that is kept beside its data. */
function engineEnvironment() {
  const uri = { CLUSTER_ENGINE_URI: `mongodb://127.0.0.1:${enginePort}/rollcall` }
  if (env.ENCRYPTION_KEY?.trim() || env.ENCRYPTION_KEY_FILE?.trim()) return uri
  const key = encryptionKeyIn(dataDir, env.NODE_ENV?.trim() === 'production')
  return key ? { ...uri, ENCRYPTION_KEY: key.toString('hex') } : uri
}

const api = {
  ...common,
  name: 'rollcall',
  script: 'dist/main.js',
  exec_mode: 'cluster',
  instances: workers,
  env: { WORKERS: String(workers), ...(external ? {} : engineEnvironment()) },
}

// The engine comes first: pm2 starts them in this order.
module.exports = { apps: external ? [api] : [engine, api] }
