import { Agent, request } from 'node:http'

export interface KeptAnswer {
  readonly status: number
  /* eslint-disable @typescript-eslint/no-explicit-any -- as supertest has it */
  /** null: there was none. */
  readonly body: any
  /** That of the envelope. */
  readonly data: any
  /* eslint-enable @typescript-eslint/no-explicit-any */
}

export interface KeptCall {
  readonly token?: string | undefined
  readonly body?: unknown
}

/**
 * Connections that stay open, each with one worker: pm2 hands a new one to the next worker, so that with many of them
 * every worker has some.
 */
export class KeptConnections {
  private readonly agents: readonly Agent[]

  constructor(
    private readonly port: number,
    count: number,
  ) {
    this.agents = Array.from({ length: count }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  }

  /** @param over which of the connections. */
  send(over: number, method: string, path: string, { token, body }: KeptCall = {}): Promise<KeptAnswer> {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const options = { host: '127.0.0.1', port: this.port, agent: this.agents[over]!, path, method, headers }
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        let text = ''
        const answer = () => {
          const body = text === '' ? null : JSON.parse(text)
          return { status: response.statusCode ?? 0, body, data: body?.data ?? null }
        }
        response
          .on('error', reject)
          .on('data', (chunk: Buffer) => (text += chunk.toString()))
          .on('end', () => resolve(answer()))
      })
      sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** The same on every connection at once. */
  everywhere<T>(call: (over: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.agents.map((_, over) => call(over)))
  }

  close(): void {
    for (const agent of this.agents) agent.destroy()
  }
}
