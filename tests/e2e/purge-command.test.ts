import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROJECT } from '../support/child-process'
import { freePort } from '../support/free-port'
import { type ServiceProcess, killGroup, startService } from '../support/service-process'

let dataDir: string
let enginePort: number
let service: ServiceProcess

/** Beside the running service, on its engine. */
function purge(...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { MONGO_URI: _, ...inherited } = process.env
  const env = { ...inherited, MONGO_ENGINE_PORT: String(enginePort), DATA_DIR: dataDir }
  const { status, stdout, stderr } = spawnSync('node', ['dist/cli/purge.js', ...args], { cwd: PROJECT, env })
  return { status, said: `${stdout.toString()}${stderr.toString()}` }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-purge-'))
  enginePort = await freePort()
  service = await startService({
    script: 'start',
    port: await freePort(),
    env: { DATA_DIR: dataDir, MONGO_ENGINE_PORT: String(enginePort), DRAIN_MS: '0', LOG_LEVEL: 'warn' },
  })
}, 90_000)

afterAll(async () => {
  killGroup(service, 'SIGKILL')
  await rm(dataDir, { recursive: true, force: true })
})

it('counts first, then purges those who were deleted long enough ago', async () => {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify({ name: 'Gone', email: 'gone@example.com' })
  const made = (await (await fetch(`${service.url}/users`, { method: 'POST', headers, body })).json()) as {
    readonly data: { readonly id: string }
  }
  const path = `${service.url}/users/${made.data.id}`
  await fetch(path, { method: 'DELETE' })

  expect(purge('--older-than', '1d')).toEqual({ status: 0, said: '0 purged\n' })
  expect(purge('--older-than', '0d', '--dry-run')).toEqual({ status: 0, said: '1 would be purged\n' })
  expect((await fetch(`${path}/export`)).status).toBe(200)
  expect(purge('--older-than', '0d')).toEqual({ status: 0, said: '1 purged\n' })
  expect((await fetch(`${path}/export`)).status).toBe(404)
  expect((await fetch(`${path}/restore`, { method: 'POST' })).status).toBe(404)
}, 60_000)

it.each([
  ['no age', []],
  ['an age without a unit', ['--older-than', '30']],
  ['an unknown option', ['--everything']],
])('%s changes nothing, and is explained', (_, args) => {
  const { status, said } = purge(...args)

  expect(status).toBe(1)
  expect(said).toMatch(/--older-than/)
  expect(said).not.toContain('    at ')
})
