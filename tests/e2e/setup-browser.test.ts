import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { freePort } from '../support/free-port'
import { type ServiceProcess, killGroup, startService } from '../support/service-process'

const STEP_MS = 20_000
const PASSWORD = 'Password@123'
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)
if (!hasBrowser && process.env['REQUIRE_BROWSER']) throw new Error(`There is no browser at ${executablePath}`)

const withBrowser = hasBrowser ? describe : describe.skip

withBrowser('the set-up page in a browser', () => {
  let dataDir: string
  let service: ServiceProcess
  let browser: Browser

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'rollcall-setup-'))
    service = await startService({
      script: 'start',
      port: await freePort(),
      args: ['--in-memory'],
      env: { DATA_DIR: dataDir, AUTH_MODE: 'required', DRAIN_MS: '0' },
    })
    browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'], chromiumSandbox: false })
  }, 90_000)

  afterAll(async () => {
    await browser.close()
    killGroup(service, 'SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  })

  it('follows the link, corrects a weak password, and makes the administrator', async () => {
    const [link] = /http:\S+\/setup\?token=[\w-]+/.exec(service.output())!
    const page = await browser.newPage()
    page.setDefaultTimeout(STEP_MS)
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => message.text().includes('Content Security Policy') && problems.push(message.text()))
    await page.goto(link)
    const fill = async (password: string) => {
      await page.getByLabel('Name').fill('Jane Doe')
      await page.getByLabel('E-mail').fill('jane@example.com')
      await page.getByLabel('Password', { exact: true }).fill(password)
      await page.getByLabel('Password, once more').fill(password)
      await page.getByRole('button').click()
    }
    await fill('short')
    await page.getByText('at least 8 bytes').waitFor()
    await fill(PASSWORD)
    await page.getByText('The administrator jane@example.com is made.').waitFor()
    const login = await fetch(`${service.url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'jane@example.com', password: PASSWORD }),
    })

    expect(login.status).toBe(200)
    expect(page.url()).toBe(`${service.url}/setup`)
    expect(await page.context().cookies()).toEqual([])
    expect(problems).toEqual([])
    // Neither the token nor the password is in what the service logs.
    const [, token] = link.split('=')
    expect(service.output().split(token!)).toHaveLength(2)
    expect(service.output()).not.toContain(PASSWORD)
  }, 60_000)
})
