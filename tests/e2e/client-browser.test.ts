import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { PROJECT } from '../support/child-process'
import { endService } from '../support/end-service'
import { freePort } from '../support/free-port'
import { type ServiceProcess, startService } from '../support/service-process'

const BUNDLE_BYTES_MAX = 64 * 1024

let service: ServiceProcess
beforeAll(async () => {
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
}, 120_000)
afterAll(() => endService(service))

it('bundles for browsers, without anything of Node, and works there', async () => {
  const bundle = await build({
    // As a user of the package imports it: through its exports and its "browser" field.
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
  const { text } = bundle.outputFiles[0]!
  expect(Object.keys(bundle.metafile.inputs).filter((path) => path.includes('node_modules'))).toEqual([])
  expect(text.length).toBeLessThan(BUNDLE_BYTES_MAX)

  // What a browser has, and nothing else: no process, no require, no Buffer.
  const { crypto, performance, setTimeout, clearTimeout, fetch, URL, URLSearchParams, AbortController } = globalThis
  const window = createContext({
    crypto,
    performance,
    setTimeout,
    clearTimeout,
    fetch,
    URL,
    URLSearchParams,
    AbortController,
    baseUrl: service.url,
  })
  const work = `${text}
    ;(async () => {
      const client = new sdk.RollcallClient({ baseUrl })
      const { id } = await client.users.create({ name: 'Ada', email: 'ada@example.com' })
      const updated = await client.users.update(id, () => ({ age: 36 }))
      await client.users.deleteAndConfirm(id)
      const error = await client.users.get(id).catch((error) => error)
      return JSON.stringify({ age: updated.age, code: error.code })
    })()`

  expect(JSON.parse(await (runInContext(work, window) as Promise<string>))).toEqual({
    age: 36,
    code: 'USER_NOT_FOUND',
  })
})
