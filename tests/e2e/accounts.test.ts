import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port'
import { descendants } from '../support/process-tree'
import { type ServiceProcess, killGroup, startService, until, untilEnded } from '../support/service-process'
import { totpCode, withinStep } from '../support/totp'

const KEY = 'k'.repeat(40)
const PASSWORD = 'Battery-Staple-8'
const WORKERS = 2
/** Connections that stay open: with so many each worker has some, and each of them stays with its worker. */
const CONNECTIONS = 20
const START_MS = 120_000
const MAIL_MS = 5_000
/** Longer than a test of codes takes: a code must not grow old in the middle of one. */
const CODES_MS = 15_000

let dataDir: string
let port: number
let service: ServiceProcess | undefined
let agents: Agent[] = []
let made = 0

interface Answer {
  readonly status: number
  readonly data: any // eslint-disable-line @typescript-eslint/no-explicit-any -- as supertest has it
}

function send(over: number, method: string, path: string, body?: object, token?: string): Promise<Answer> {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent: agents[over]!, path, method, headers }, (response) => {
      let text = ''
      response
        .on('error', reject)
        .on('data', (chunk: Buffer) => (text += chunk.toString()))
        .on('end', () => resolve({ status: response.statusCode ?? 0, data: text && JSON.parse(text).data }))
    })
    sent.on('error', reject).end(body && JSON.stringify(body))
  })
}

/** The same call on every connection at once. */
const everywhere = (path: string, body: object) =>
  Promise.all(agents.map((_, over) => send(over, 'POST', path, body).then(({ status }) => status)))
const onceOf = (won: number, lost: number) => [won, ...Array<number>(CONNECTIONS - 1).fill(lost)]

async function newPerson(): Promise<string> {
  const email = `person${(made += 1)}@example.com`
  const { status } = await send(0, 'POST', '/users', { name: 'P', email, password: PASSWORD }, KEY)
  expect(status).toBe(201)
  return email
}

/** Looked for on another connection each time: whichever worker sent the mail, every worker shows it. */
async function tokenFor(email: string): Promise<string> {
  let token: string | undefined
  let looks = 0
  await until(
    async () => {
      const { data } = await send((looks += 1) % CONNECTIONS, 'GET', '/dev/mailbox.json')
      const mail = (data as { to: string; text: string }[]).find(({ to }) => to === email)
      token = /^Your code: (\S+)$/m.exec(mail?.text ?? '')?.[1]
      return token !== undefined
    },
    MAIL_MS,
    () => `No mail to ${email}`,
  )
  return token!
}

async function withAuthenticator() {
  const email = await newPerson()
  const login = await send(1, 'POST', '/auth/login', { email, password: PASSWORD })
  const token: string = login.data.access_token
  const { secret } = (await send(2, 'POST', '/auth/mfa/totp', undefined, token)).data
  const activated = await send(3, 'POST', '/auth/mfa/totp/activate', { code: totpCode(secret, -1) }, token)
  expect(activated.status).toBe(200)
  return { email, secret: secret as string, recoveryCodes: activated.data.recovery_codes as string[] }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-accounts-'))
  port = await freePort()
  const env = {
    AUTH_MODE: 'required',
    BOOTSTRAP_API_KEY: KEY,
    LOGIN_ATTEMPTS_MAX: '1000',
    LOGIN_ADDRESS_ATTEMPTS_MAX: '10000',
    WORKERS: String(WORKERS),
    DATA_DIR: dataDir,
    MONGO_ENGINE_PORT: String(await freePort()),
    PM2_HOME: join(dataDir, 'pm2'),
  }
  const started = await startService({ script: 'start:cluster', port, env })
  service = started
  await until(
    () => [...started.output().matchAll(/App \[rollcall:\d+\] online/g)].length === WORKERS,
    START_MS,
    () => started.output(),
  )
  agents = Array.from({ length: CONNECTIONS }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
}, START_MS)

afterAll(async () => {
  for (const agent of agents) agent.destroy()
  if (service) {
    const { child } = service
    const pids = descendants(child.pid!).map(({ pid }) => pid)
    killGroup(service, 'SIGTERM')
    await untilEnded(pids, START_MS).catch(() => child.kill('SIGKILL'))
  }
  await rm(dataDir, { recursive: true, force: true })
}, START_MS)

it(
  'a mailed token is good once, over all workers',
  async () => {
    const email = await newPerson()
    expect((await send(4, 'POST', '/auth/password/forgot', { email })).status).toBe(202)
    const token = await tokenFor(email)
    const statuses = await everywhere('/auth/password/reset', { token, password: 'Another-Secret-9' })

    expect(statuses.sort()).toEqual(onceOf(200, 400))
  },
  START_MS,
)

it(
  'a code of an authenticator is good once, over all workers',
  async () => {
    await withinStep(CODES_MS)
    const { email, secret } = await withAuthenticator()
    const statuses = await everywhere('/auth/login', { email, password: PASSWORD, code: totpCode(secret) })

    expect(statuses.sort()).toEqual(onceOf(200, 401))
  },
  START_MS,
)

it(
  'a recovery code is good once, over all workers',
  async () => {
    await withinStep(CODES_MS)
    const { email, recoveryCodes } = await withAuthenticator()
    const statuses = await everywhere('/auth/login', { email, password: PASSWORD, code: recoveryCodes[4] })

    expect(statuses.sort()).toEqual(onceOf(200, 401))
  },
  START_MS,
)

it('no token, code or text of a mail is in the log', async () => {
  const email = await newPerson()
  await send(5, 'POST', '/auth/password/forgot', { email })
  const token = await tokenFor(email)
  await until(
    () => service!.output().includes(`Mail to ${email}: Choose a new password`),
    MAIL_MS,
    () => service!.output(),
  )

  expect(service!.output()).toContain(`http://127.0.0.1:${port}/dev/mailbox`)
  expect(service!.output()).not.toContain(token)
  expect(service!.output()).not.toContain('asked for a new password')
})
