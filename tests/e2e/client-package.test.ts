import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT } from '../support/child-process'

const run = promisify(execFile)

/** The package as npm would publish it, installed in a project that knows nothing else of this one. */
let project: string
let files: readonly string[]

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'rollcall-package-'))
  const installed = join(project, 'node_modules', 'rollcall')
  await mkdir(installed, { recursive: true })
  await run('npm', ['run', '--silent', 'build'], { cwd: PROJECT })
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
  const { stdout } = await run('npm', pack, { cwd: PROJECT, maxBuffer: 1 << 26 })
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  files = packed.files.map(({ path }) => path)
  await run('tar', ['-xzf', join(project, packed.filename), '-C', installed, '--strip-components=1'])
  // What npm would fetch is here already: there may be no network.
  await symlink(join(PROJECT, 'node_modules'), join(installed, 'node_modules'))
  await mkdir(join(project, 'node_modules', '@types'))
  await symlink(join(PROJECT, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'))
  await symlink(join(PROJECT, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'))
  await writeFile(join(project, 'package.json'), '{}')
}, 240_000)
afterAll(() => rm(project, { recursive: true, force: true }))

/** Writes a file into the project and gives its path. */
async function source(name: string, text: string): Promise<string> {
  const path = join(project, name)
  await writeFile(path, text)
  return path
}

/** What the compiler has to say; nothing, when all is well. */
async function compile(options: object, ...files: readonly string[]): Promise<string> {
  const shared = { noEmit: true, strict: true, exactOptionalPropertyTypes: true, target: 'es2022' }
  const config = { compilerOptions: { ...shared, ...options }, files }
  const path = await source('tsconfig.json', JSON.stringify(config))
  return run(process.execPath, [join(PROJECT, 'node_modules/typescript/bin/tsc'), '-p', path]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}

it('holds what users need, and nothing of the workshop', async () => {
  const places = new Set(files.map((path) => path.split('/')[0]))

  expect([...places].sort()).toEqual(
    [
      '.env.example',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'ecosystem.config.cjs',
      'examples',
      'package.json',
      'scripts',
    ].sort(),
  )
  const { exports: entries, bin } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'))
  const named = Object.values<string | Record<string, string>>(entries).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  )
  for (const path of [...named, ...Object.values<string>(bin)]) expect(files).toContain(path.replace(/^\.\//, ''))
  expect(files.filter((path) => /\.(map|tsbuildinfo)$|(^|\/)\.env$|\.test\./.test(path))).toEqual([])
})

const NAMES = `{ RollcallClient, retry, retrying, isApiError, restUsersClient }`
const USE = `
const client = new RollcallClient({ baseUrl: 'http://127.0.0.1:1' })
process.stdout.write([RollcallClient, retry, retrying, isApiError, restUsersClient, readSettings, UserFactory]
  .map((one) => typeof one).join())
client.close()`

it.each([
  [
    'an ES module',
    'plain.mjs',
    `import ${NAMES} from 'rollcall/client'
     import { readSettings } from 'rollcall/client/node'
     import { UserFactory } from 'rollcall/client/testing'${USE}`,
  ],
  [
    'CommonJS',
    'plain.cjs',
    `const ${NAMES} = require('rollcall/client')
     const { readSettings } = require('rollcall/client/node')
     const { UserFactory } = require('rollcall/client/testing')${USE}`,
  ],
])('is used from %s', async (_, name, text) => {
  const { stdout, stderr } = await run(process.execPath, [await source(name, text)], { cwd: project })

  expect(stdout).toBe(Array(7).fill('function').join())
  expect(stderr).toBe('')
})

const TYPED = `
const client = new RollcallClient({ baseUrl: 'http://127.0.0.1:1', apiKey: 'k', timeoutMs: 5_000 })
export async function use(): Promise<string> {
  for await (const admin of client.users.each({ role: 'ADMIN' })) if (admin.age !== null) admin.age.toFixed()
  const user: User = await client.users.update('1', ({ metadata }) => ({ metadata: { ...metadata, seen: true } }))
  const { missing } = await client.call('explainAccess', { body: { method: 'GET', path: '/users' } })
  // @ts-expect-error an operation takes what the document says
  await client.call('getUser', { params: { name: user.id } })
  try { await client.users.create({ email: user.email }) } catch (error) {
    if (isApiError(error, 'EMAIL_TAKEN')) return error.requestId
  }
  return missing.join()
}
export class Directory {
  @retry({ retries: 2 }) async find(id: string): Promise<string> { return id }
}`

it('has types for bundlers and browsers, without those of Node', async () => {
  const path = await source(
    'bundled.ts',
    `import { isApiError, retry, RollcallClient, type User } from 'rollcall/client'${TYPED}`,
  )

  const options = { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom'], types: [] }
  expect(await compile(options, path)).toBe('')
}, 120_000)

it('has types for Node, in ES modules and in CommonJS', async () => {
  const more = `
const settings: Settings = readSettings()
createLogs(settings).app.info(new UserFactory().create().email)
new RollcallClient(clientOptions(settings))
void runScenario({ client: clientOptions(settings) }).then(({ ok }) => ok satisfies boolean)`
  const text = `import { isApiError, retry, RollcallClient, type User } from 'rollcall/client'
import { clientOptions, createLogs, readSettings, type Settings } from 'rollcall/client/node'
import { runScenario, UserFactory } from 'rollcall/client/testing'${TYPED}${more}`
  const paths = [await source('typed.mts', text), await source('typed.cts', text)]

  const options = { module: 'node16', moduleResolution: 'node16', types: ['node'], skipLibCheck: true }
  expect(await compile(options, ...paths)).toBe('')
}, 120_000)

it('brings its command along', async () => {
  const { bin, version } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'))
  const command = join(project, 'node_modules', 'rollcall', bin.rollcall)
  const { stdout } = await run(process.execPath, [command, '--version'], { cwd: project })

  expect(stdout.trim()).toBe(version)
})
