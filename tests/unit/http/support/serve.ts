import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { createApp, dataHeaders } from '../../../../src/app'
import { loadConfig } from '../../../../src/config'
import { openAuthority } from '../../../../src/http/authority'
import { openGatekeeper } from '../../../../src/http/gatekeeper'
import { createHttpServer } from '../../../../src/http/server'
import { listen } from '../../../../src/http/shutdown'
import { unlimited } from '../../../../src/limits/rate-limiter'
import { createPasswordPolicy } from '../../../../src/passwords/password-policy'
import { createHealth, type Health } from '../../../../src/observability/health'
import { createLogger } from '../../../../src/observability/logger'
import { noteResource } from './notes'

export interface Served {
  readonly url: string
  readonly port: number
  readonly server: Server
  readonly health: Health
  /** All that was logged, as it was written. */
  readonly log: () => string
  readonly stop: () => Promise<void>
}

export interface ServeOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly pingMongo?: () => Promise<number>
}

/** The framework around the notes, on a real socket, without a database. */
export async function serve({ env = {}, pingMongo = async () => 0.5 }: ServeOptions = {}): Promise<Served> {
  const config = loadConfig({ NODE_ENV: 'test', LOG_FORMAT: 'json', ...env })
  const chunks: string[] = []
  const sink = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })
  const logger = createLogger(config, sink)
  const health = createHealth({ version: '1.2.3', pingMongo })
  const app = createApp({
    config,
    logger,
    version: '1.2.3',
    resources: [noteResource()],
    health,
    gatekeeper: openGatekeeper,
    authority: openAuthority,
    rates: unlimited,
    passwordPolicy: createPasswordPolicy(config.password),
  })
  const server = createHttpServer(app, dataHeaders())
  const port = await listen(server, 0, '127.0.0.1')
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    health,
    log: () => chunks.join(''),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Sends bytes as they are, and yields all that comes back until the server closes or `ms` are over. */
export async function raw(port: number, text: string | Buffer, ms = 1_000): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined)
  socket.write(text)
  const timer = setTimeout(() => socket.destroy(), ms)
  await once(socket, 'close')
  clearTimeout(timer)
  return Buffer.concat(chunks).toString('utf8')
}

/** The JSON body of a raw answer. */
export function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
}

/** Waits until `check` holds: the access log is written after the answer has left. */
export async function until(check: () => boolean): Promise<void> {
  const end = performance.now() + 2_000
  while (!check()) {
    if (performance.now() > end) throw new Error('It did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
