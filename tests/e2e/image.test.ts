import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { PROJECT, endChild, stdoutMatch } from '../support/child-process'
import { freePort } from '../support/free-port'

const START_MS = 60_000

const dockerfile = readFileSync(join(PROJECT, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '')
/** The last stage: what is in the image. */
const image = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
const compose = readFileSync(join(PROJECT, 'docker-compose.yml'), 'utf8')

let root: string
let app: string
let child: ChildProcess | undefined

const instruction = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(image)?.[1]
const jsonOf = (line: string | undefined) => JSON.parse(line!.slice(line!.indexOf('['))) as string[]

/** Copies what the last stage copies, from the project instead of the stages before; the packages are linked. */
function copyAsTheImageDoes(): void {
  for (const [, stage, paths = ''] of image.matchAll(/^COPY (?:--from=(\S+) )?(.+)$/gm)) {
    const names = paths.split(' ')
    const target = join(app, names.pop()!)
    for (const name of names) {
      const source = join(PROJECT, stage ? relative('/app', name) : name)
      const place =
        target.endsWith('/') || names.length > 1 ? join(target, source.slice(dirname(source).length)) : target
      mkdirSync(dirname(place), { recursive: true })
      if (name.endsWith('/node_modules')) symlinkSync(source, place)
      else cpSync(source, place, { recursive: true })
    }
  }
}

function environment(port: number): NodeJS.ProcessEnv {
  const given = Object.fromEntries(
    [...instruction('ENV')!.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  )
  const here = { PATH: process.env['PATH'], PORT: String(port), DATA_DIR: join(root, 'data'), MONGO_ENGINE_PORT: '0' }
  return { ...given, ...here, DRAIN_MS: '0' }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('node_modules'))

beforeAll(() => {
  spawnSync('npm', ['run', '--silent', 'build'], { cwd: PROJECT })
  root = mkdtempSync(join(tmpdir(), 'rollcall-image-'))
  app = join(root, 'app')
  mkdirSync(join(root, 'data'))
  copyAsTheImageDoes()
}, START_MS)

afterAll(async () => {
  if (child) await endChild(child)
  rmSync(root, { recursive: true, force: true })
})

it(
  'what the image holds is all that the service needs: it starts, is healthy, and ends on SIGTERM',
  async () => {
    const port = await freePort()
    const env = environment(port)
    const before = filesIn(app)
    const [command, ...args] = jsonOf(instruction('CMD')) as [string, ...string[]]
    child = spawn(command, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] })
    await stdoutMatch(child, /\/setup\?token=[\w-]{43}/, START_MS)
    const [node, ...check] = jsonOf(/^HEALTHCHECK .*$/m.exec(image)![0]) as [string, ...string[]]
    const healthy = spawnSync(node, check, { cwd: app, env })
    const unhealthy = spawnSync(node, check, { cwd: app, env: { ...env, PORT: String(await freePort()) } })
    const ended = once(child, 'exit')
    child.kill('SIGTERM')

    expect([healthy.status, unhealthy.status]).toEqual([0, 1])
    expect(await ended).toEqual([0, null])
    expect(filesIn(app)).toEqual(before)
  },
  START_MS,
)

it('the commands that people run in a container are in it', () => {
  const names = filesIn(app)

  expect(names).toEqual(expect.arrayContaining(['dist/cli/purge.js', 'dist/cli/rotate-keys.js']))
  for (const [, script] of compose.matchAll(/"node", "([^"]+)"/g))
    expect(statSync(join(app, script!)).isFile()).toBe(true)
})

it('neither sources, tests, data nor settings are in it', () => {
  expect([...new Set(filesIn(app).map((name) => name.split('/')[0]))].sort()).toEqual([
    'dist',
    'ecosystem.config.cjs',
    'package.json',
    'scripts',
  ])
})

it('runs as nobody in particular, and publishes one port', () => {
  expect(instruction('USER')).toBe('10001:10001')
  expect(instruction('EXPOSE')).toBe('8000')
  expect([...compose.matchAll(/^ {4}ports:/gm)]).toHaveLength(1)
})
