import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT } from '../support/child-process'
import { endService } from '../support/end-service'
import { freePort } from '../support/free-port'
import { type ServiceProcess, startService } from '../support/service-process'

const run = promisify(execFile)
const FOLDER = join(PROJECT, 'examples')

const OUTPUT: Readonly<Record<string, RegExp>> = {
  'create-and-read.mjs': /^Created Ada Lovelace with id [0-9a-f]{24}\nRead her e-mail\nDeleted her\n$/,
  'walk-a-list.mjs': /^Went through 7 users\n$/,
  'handle-errors.mjs': /^name: string\.empty\nemail: string\.email\nNobody listens, after 2 attempts\n$/,
  'change-together.mjs': /^Visits: 4\n$/,
  'retry-anything.mjs': /^Attempt 1 failed\nAttempt 2 failed\nGot the report at attempt 3\n$/,
}

let service: ServiceProcess
beforeAll(async () => {
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
}, 120_000)
afterAll(() => endService(service))

it('knows every example', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(OUTPUT).sort())
})

it.each(Object.entries(OUTPUT))('%s does what it says, and leaves nothing', async (name, expected) => {
  const env = { ...process.env, ROLLCALL_BASE_URL: service.url }
  const { stdout, stderr } = await run(process.execPath, [join(FOLDER, name)], { env })

  expect(stdout).toMatch(expected)
  expect(stderr).toBe('')
  const left = await fetch(`${service.url}/users`)
  expect(((await left.json()) as { data: unknown[] }).data).toEqual([])
})
