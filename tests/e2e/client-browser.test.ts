import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { PROJECT } from '../support/child-process'
import { endService } from '../support/end-service'
import { type Fault, inTurn, startFaultyProxy } from '../support/faulty-proxy'
import { freePort } from '../support/free-port'
import { type ServiceProcess, startService } from '../support/service-process'

const BUNDLE_BYTES_MAX = 64 * 1024

let service: ServiceProcess
beforeAll(async () => {
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
}, 120_000)
afterAll(() => endService(service))

/** As a user of the package bundles it: through its exports and its "browser" field. */
async function bundled(): Promise<{ readonly text: string; readonly inputs: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from 'rollcall/client'`, resolveDir: join(PROJECT, 'tests') },
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'sdk',
    metafile: true,
    logLevel: 'silent',
  })
  return { text: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs) }
}

/** Runs it with what a browser has, and nothing else: no process, no require, no Buffer. */
async function inBrowser(baseUrl: string, work: string): Promise<unknown> {
  const { crypto, performance, setTimeout, clearTimeout, fetch, URL, URLSearchParams, AbortController } = globalThis
  const own = { crypto, performance, setTimeout, clearTimeout, fetch, URL, URLSearchParams, AbortController }
  const window = createContext({ ...own, baseUrl })
  const { text } = await bundled()
  const done = runInContext(`${text};(async () => JSON.stringify(await (async () => { ${work} })()))()`, window)
  return JSON.parse(await (done as Promise<string>))
}

it('bundles for browsers, without anything of Node', async () => {
  const { text, inputs } = await bundled()

  expect(inputs.filter((path) => path.includes('node_modules'))).toEqual([])
  expect(text).not.toMatch(/\brequire\b|["'`]node:|\bundici\b|\bprocess\.|\bBuffer\b|__dirname/)
  expect(text.length).toBeLessThan(BUNDLE_BYTES_MAX)
})

it('works in browsers', async () => {
  const work = `
    const client = new sdk.RollcallClient({ baseUrl })
    const { id } = await client.users.create({ name: 'Ada', email: 'ada@example.com' })
    const updated = await client.users.update(id, () => ({ age: 36 }))
    const others = await Promise.all([1, 2, 3].map((number) =>
      client.users.create({ name: 'Other', email: 'other' + number + '@example.com' })))
    let walked = 0
    for await (const user of client.users.each({ page_size: 2 })) walked += 1
    for (const user of others) await client.users.delete(user.id)
    await client.users.deleteAndConfirm(id)
    const error = await client.users.get(id).catch((error) => error)
    return { age: updated.age, walked, code: error.code }`

  expect(await inBrowser(service.url, work)).toEqual({ age: 36, walked: 4, code: 'USER_NOT_FOUND' })
})

it('obeys time-outs and signals in browsers', async () => {
  const proxy = await startFaultyProxy(service.url)
  proxy.plan = () => 'black-hole'
  const work = `
    const client = new sdk.RollcallClient({ baseUrl, backoff: { baseMs: 1, capMs: 5 } })
    const controller = new AbortController()
    const failures = Promise.all([
      client.users.list({}, { timeoutMs: 50, retries: 1 }),
      client.users.list({}, { timeoutMs: 60000, totalTimeoutMs: 150, retries: 9 }),
      client.users.list({}, { timeoutMs: 60000, signal: controller.signal }),
    ].map((call) => call.catch((error) => [error.name ?? String(error), error.attempts])))
    controller.abort('The page was left')
    return failures`

  const failures = await inBrowser(proxy.url, work).finally(() => proxy.stop())
  expect(failures).toEqual([
    ['TimeoutError', 2],
    ['TimeoutError', 1],
    ['The page was left', null],
  ])
})

it('tries again in browsers when the network fails', async () => {
  const proxy = await startFaultyProxy(service.url)
  proxy.plan = inTurn<Fault>('drop', 'cut-answer', 'refuse', { status: 503, retryAfter: '0' })
  const work = `
    const client = new sdk.RollcallClient({ baseUrl, retries: 20, backoff: { baseMs: 5, capMs: 50 } })
    return (await client.users.list()).items`

  expect(await inBrowser(proxy.url, work).finally(() => proxy.stop())).toEqual([])
})
