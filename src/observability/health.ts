import { AppError } from '../errors'
import { ANYONE } from '../http/access'
import { joi } from '../http/joi'
import { route, type Reply, type Resource, type Route, type Success } from '../http/route'

export interface HealthSources {
  readonly version: string
  /** The round trip to MongoDB in milliseconds. Rejects, within the deadline, when there is none. */
  readonly pingMongo: () => Promise<number>
}

/** What the process tells of itself. `drain` is one-way: from then on it is not ready. */
export interface Health {
  readonly routes: Resource['routes']
  readonly drain: () => void
  readonly isDraining: () => boolean
}

const TAG = 'Health'

export function createHealth({ version, pingMongo }: HealthSources): Health {
  const state = { draining: false }
  const roundTripMs = async () => {
    try {
      return Math.round((await pingMongo()) * 100) / 100
    } catch (cause) {
      throw unready('MongoDB does not answer', cause)
    }
  }
  const report = async () => {
    const mongo = { status: 'up', round_trip_ms: await roundTripMs() }
    const status = state.draining ? 'draining' : 'ok'
    return { status, version, uptime_s: Math.floor(process.uptime()), mongo }
  }
  const ready = async () => {
    if (state.draining) throw unready('The service is shutting down')
    await roundTripMs()
    return { status: 'ready' }
  }
  return {
    routes: healthRoutes(report, ready),
    drain: () => (state.draining = true),
    isDraining: () => state.draining,
  }
}

function unready(message: string, cause?: unknown): AppError {
  return new AppError('SERVICE_UNAVAILABLE', { message, headers: { 'Retry-After': '1' }, cause })
}

function healthRoutes(report: () => Promise<object>, ready: () => Promise<object>): Resource['routes'] {
  const get = (path: string, operation: string, summary: string, success: Success, handle: () => Promise<Reply>) =>
    route({
      method: 'get',
      path,
      operation,
      access: ANYONE,
      tag: TAG,
      summary,
      successes: [success],
      errors: [],
      handle,
    })
  return [
    get('/ping', 'ping', 'Say pong', PONG, async () => ok('pong', 'pong')),
    withStore(
      get('/health', 'health', 'Report version, uptime and the round trip to MongoDB', REPORT, async () =>
        ok(await report(), 'Health report'),
      ),
    ),
    get('/health/live', 'live', 'Tell whether the process runs', LIVE, async () => ok({ status: 'live' }, 'Live')),
    withStore(
      get('/health/ready', 'ready', 'Tell whether requests can be served', READY, async () =>
        ok(await ready(), 'Ready'),
      ),
    ),
  ]
}

/** A route that fails when the store does. */
function withStore(row: Route): Route {
  return { ...row, errors: ['SERVICE_UNAVAILABLE'] }
}

function ok(data: unknown, message: string): Reply {
  return { status: 200, data, message }
}

const answer = (description: string, data: Success['data']): Success => ({ status: 200, description, data })
const state = (value: string) => joi.object({ status: joi.string().valid(value).required().example(value) })

const PONG = answer('The service answers', joi.string().valid('pong').example('pong'))
const LIVE = answer('The process runs', state('live'))
const READY = answer('Requests can be served', state('ready'))
const REPORT = answer(
  'The report; `draining` while the service is shutting down',
  joi
    .object({
      status: joi.string().valid('ok', 'draining').required().example('ok'),
      version: joi.string().required().example('1.0.0'),
      uptime_s: joi.number().integer().min(0).required().description('Seconds since the start').example(42),
      mongo: joi
        .object({
          status: joi.string().valid('up').required().example('up'),
          round_trip_ms: joi.number().min(0).required().description('Milliseconds').example(0.42),
        })
        .required(),
    })
    .label('HealthReport'),
)
