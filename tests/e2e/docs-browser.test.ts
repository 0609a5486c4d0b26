import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type Page, chromium } from 'playwright-core'
import { freePort } from '../support/free-port'
import { descendants } from '../support/process-tree'
import { type ServiceProcess, killGroup, startService, untilEnded } from '../support/service-process'

const STEP_MS = 20_000
const END_MS = 20_000
// It may do nothing of its own on the network: what is counted below is what the pages ask for.
const BROWSER_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)
if (!hasBrowser && process.env['REQUIRE_BROWSER']) throw new Error(`There is no browser at ${executablePath}`)
if (!hasBrowser) process.stderr.write(`Skipped: no browser at ${executablePath} (CHROMIUM names another)\n`)

const withBrowser = hasBrowser ? describe : describe.skip

withBrowser('the documentation in a browser', () => {
  let dataDir: string
  let service: ServiceProcess
  let browser: Browser
  let page: Page
  let problems: string[]

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'rollcall-docs-'))
    service = await startService({
      script: 'start',
      port: await freePort(),
      args: ['--in-memory'],
      env: { DATA_DIR: dataDir, LOG_LEVEL: 'warn' },
    })
    browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS, chromiumSandbox: false })
  }, 90_000)

  afterAll(async () => {
    await browser.close()
    const pids = descendants(service.child.pid!).map(({ pid }) => pid)
    service.child.kill('SIGTERM')
    await untilEnded(pids, END_MS).finally(() => killGroup(service, 'SIGKILL'))
    await rm(dataDir, { recursive: true, force: true })
  }, END_MS * 2)

  beforeEach(async () => {
    problems = []
    page = await browser.newPage()
    page.setDefaultTimeout(STEP_MS)
    page.on('console', (message) => message.type() === 'error' && problems.push(`console: ${message.text()}`))
    page.on('pageerror', (error) => problems.push(`page: ${error.message}`))
    page.on('requestfailed', (request) => problems.push(`failed: ${request.url()}`))
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url())
      if (protocol.startsWith('http') && `http://${host}` !== service.url) problems.push(`elsewhere: ${request.url()}`)
    })
  })

  afterEach(() => page.close())

  it('/docs: "Try it out" creates the user of the example', async () => {
    await page.goto(`${service.url}/docs`)
    const operation = page.locator('.opblock-post', { has: page.locator('[data-path$="/users"]') })
    await operation.locator('.opblock-summary-control').click()
    // The page opens every operation as if 'Try it out' had been pressed.
    await operation.getByRole('button', { name: 'Execute' }).click()
    const status = operation.locator('.live-responses-table tbody .response-col_status')
    await status.first().waitFor()

    expect(await status.first().innerText()).toMatch(/^201/)
    const response = await fetch(`${service.url}/api/v1/users`)
    expect(await response.json()).toMatchObject({ data: [{ name: 'John Doe', version: 1 }] })
    expect(problems).toEqual([])
  }, 60_000)

  it('/redoc renders', async () => {
    await page.goto(`${service.url}/redoc`)
    await page.locator('.redoc-wrap h1').first().waitFor()

    expect(await page.locator('.redoc-wrap').innerText()).toContain('/users')
    expect(problems).toEqual([])
  }, 60_000)
})
