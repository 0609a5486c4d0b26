import type { Operator } from './operations'
import type { CallOptions } from './requester'
import type { HealthReport } from './types.gen'

/** `/ping` and `/health`: nobody has to be logged in. */
export class HealthClient {
  readonly #api: Operator

  constructor(api: Operator) {
    this.#api = api
  }

  async ping(options?: CallOptions): Promise<'pong'> {
    return (await this.#api.send('ping', {}, options)).data
  }

  /** Version, uptime and the way to the database. */
  async report(options?: CallOptions): Promise<HealthReport> {
    return (await this.#api.send('health', {}, options)).data
  }

  /** Resolves when the process runs. */
  async live(options?: CallOptions): Promise<void> {
    await this.#api.send('live', {}, options)
  }

  /** Resolves when requests can be served; else it rejects with SERVICE_UNAVAILABLE. */
  async ready(options?: CallOptions): Promise<void> {
    await this.#api.send('ready', {}, options)
  }
}
