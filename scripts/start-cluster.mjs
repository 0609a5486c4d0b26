// Runs pm2-runtime with a home of its own, so that it needs no home directory and meets no other pm2.
//   SIGTERM, SIGINT  finish what is in flight and end everything
//   SIGHUP           replace the workers one by one, without a lost request
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import parentWatch from '../dist/parent-watch.js'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
// Short, because the paths of its sockets have an upper bound of about 100 bytes; random and 0700, because whoever
// writes to those sockets commands the processes.
const home = mkdtempSync(join(tmpdir(), 'rollcall-pm2-'))
const env = {
  ...process.env,
  PM2_HOME: home,
  PM2_CONCURRENT_ACTIONS: '1', // in order: first the engine, then one worker after the other
  PM2_DISABLE_VERSION_CHECK: 'true', // it would call home
  CLUSTER_PARENT_PID: String(process.pid),
  CLUSTER_START_ID: randomUUID(), // what is to be said once at a start is said by one worker
}

// In a group of its own: Ctrl-C reaches every process of a group, and the workers would hear of it twice.
function pm2(command, args) {
  const bin = join(PROJECT, 'node_modules/pm2/bin', command)
  return spawn(process.execPath, [bin, ...args], {
    cwd: PROJECT,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

const runtime = pm2('pm2-runtime', ['start', 'ecosystem.config.cjs'])
console.log(`Reload without a lost request: kill -HUP ${process.pid}`)

let reloading = false
process.on('SIGHUP', () => {
  if (reloading) return
  reloading = true
  pm2('pm2', ['reload', 'rollcall', '--silent']).once('exit', (code) => {
    reloading = false
    console.log(code === 0 ? 'Reloaded' : `The reload failed (${code})`)
  })
})
let stopping = false
function stop() {
  if (!stopping) runtime.kill('SIGTERM')
  stopping = true
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
if (process.env.npm_lifecycle_event) parentWatch.whenOrphaned(stop)

runtime.once('exit', (code, signal) => {
  rmSync(home, { recursive: true, force: true })
  process.exitCode = signal ? 1 : (code ?? 1)
})
