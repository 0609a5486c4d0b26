import { messageOf } from '../message-of'
import { ApiError, NetworkError } from '../../client/errors'
import type { Context } from '../context'
import { type Finding, ill, well } from './finding'

const CLOCK_SKEW_MAX_MS = 5_000
const PROBE_MS = 5_000
/** What `engines` in package.json asks for. */
const NODE_MIN = [20, 19] as const

/** What can be seen from where the command runs: of itself, and of the service by its answers. */
export async function examineService(context: Context): Promise<Finding[]> {
  const findings = [nodeFinding(process.versions.node), settingsFinding(context)]
  const service = await serviceFinding(context)
  findings.push(service)
  if (!service.ok) return findings
  return [...findings, ...(await Promise.all([storeFinding(context), clockFinding(context), rightsFinding(context)]))]
}

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [least, leastMinor] = NODE_MIN
  const isNew = major > least || (major === least && minor >= leastMinor)
  return isNew ? well('node', version) : ill('node', version, `Install Node.js ${least}.${leastMinor} or later`)
}

function settingsFinding({ settings }: Context): Finding {
  const { baseUrl, profile, token, apiKey } = settings
  const who = token !== undefined ? 'a token' : apiKey !== undefined ? 'an API key' : 'no key of its own'
  return well('settings', `${baseUrl}, ${profile === undefined ? 'no profile' : `profile ${profile}`}, ${who}`)
}

async function serviceFinding({ client, settings, signal }: Context): Promise<Finding> {
  try {
    await client.health.live({ signal, retries: 0, timeoutMs: PROBE_MS })
    return well('service', 'it answers')
  } catch (error) {
    if (signal.aborted) throw error
    const { hostname, port } = new URL(settings.baseUrl)
    const advice =
      error instanceof NetworkError
        ? `Nobody listens at ${hostname}:${port || 'its port'}: start it with \`rollcall serve\`, or set ROLLCALL_BASE_URL`
        : 'Something else answers there, or nothing in time: look at ROLLCALL_BASE_URL'
    return ill('service', messageOf(error), advice)
  }
}

/** Ready means: the database answers, and its indexes were there at the start. */
async function storeFinding({ client, signal }: Context): Promise<Finding> {
  const options = { signal, retries: 0, timeoutMs: PROBE_MS }
  try {
    const { mongo, version } = await client.health.report(options)
    await client.health.ready(options)
    return well('ready', `version ${version}; its database is ${mongo.round_trip_ms} ms away`)
  } catch (error) {
    if (signal.aborted) throw error
    return ill('ready', messageOf(error), 'Look at MONGO_URI of the service, and whether that server runs')
  }
}

async function clockFinding({ settings, signal }: Context): Promise<Finding> {
  try {
    const begin = Date.now()
    const response = await fetch(`${settings.baseUrl}/ping`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
    })
    await response.arrayBuffer()
    return skewFinding(Date.parse(response.headers.get('date') ?? ''), begin, Date.now())
  } catch (error) {
    if (signal.aborted) throw error
    return ill('clock', messageOf(error), 'Look at the log of the service')
  }
}

/** The service's Date, which has whole seconds, lies between the question and the answer when the clocks agree. */
export function skewFinding(there: number, asked: number, answered: number): Finding {
  if (Number.isNaN(there)) return well('clock', 'the service does not tell its time')
  const skewMs = there > answered ? there - answered : Math.max(0, asked - there - 1_000)
  if (skewMs <= CLOCK_SKEW_MAX_MS) return well('clock', 'the same as the service’s')
  const side = there > answered ? 'behind' : 'ahead of'
  const advice = 'Set both clocks by NTP: tokens end too early or too late'
  return ill('clock', `${Math.round(skewMs / 1_000)} s ${side} the service’s`, advice)
}

async function rightsFinding({ client, signal }: Context): Promise<Finding> {
  try {
    const { total } = await client.users.list({ page_size: 1 }, { signal, retries: 0, timeoutMs: PROBE_MS })
    return well('rights', `users can be read: ${total ?? 'some'} of them`)
  } catch (error) {
    if (signal.aborted) throw error
    const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403)
    const advice = isRefused
      ? 'Log in with `rollcall login <email>`, or set ROLLCALL_API_KEY'
      : 'Look at the log of the service'
    return ill('rights', messageOf(error), advice)
  }
}
