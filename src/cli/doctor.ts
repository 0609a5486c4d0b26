import type { Command } from 'commander'
import { ApiError, NetworkError } from '../client/errors'
import { type Context, type Surroundings, withContext } from './context'

const CLOCK_SKEW_MAX_MS = 5_000
const NODE_MAJOR_MIN = 20
const PROBE_MS = 5_000

interface Finding {
  readonly check: string
  readonly ok: boolean
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string
}

/** Some checks failed; they are told already. */
export class SickError extends Error {}

/** `rollcall doctor` */
export function addDoctor(program: Command, around: Surroundings): void {
  program
    .command('doctor')
    .description('check settings, service, database, clock and rights, and say what to do')
    .action(
      withContext(around, async (context) => {
        const findings = await examine(context)
        if (context.json) context.terminal.write(`${JSON.stringify(findings, null, 2)}\n`)
        else for (const finding of findings) context.terminal.write(findingText(finding))
        if (findings.some(({ ok }) => !ok)) throw new SickError()
      }),
    )
}

function findingText({ check, ok, detail, advice }: Finding): string {
  const line = `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(10)}  ${detail}\n`
  return advice === undefined ? line : `${line}${' '.repeat(18)}${advice}\n`
}

async function examine(context: Context): Promise<readonly Finding[]> {
  const findings = [nodeFinding(), settingsFinding(context)]
  const service = await serviceFinding(context)
  findings.push(service)
  if (!service.ok) return findings
  return [...findings, ...(await Promise.all([storeFinding(context), clockFinding(context), rightsFinding(context)]))]
}

function nodeFinding(): Finding {
  const ok = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN
  return { check: 'node', ok, detail: process.version, ...(ok ? {} : { advice: 'Install Node.js 20.19 or later' }) }
}

function settingsFinding({ settings }: Context): Finding {
  const { baseUrl, profile, token, apiKey } = settings
  const who = token !== undefined ? 'a token' : apiKey !== undefined ? 'an API key' : 'no token of its own'
  const detail = `${baseUrl}, ${profile === undefined ? 'no profile' : `profile ${profile}`}, ${who}`
  return { check: 'settings', ok: true, detail }
}

async function serviceFinding({ client, settings, signal }: Context): Promise<Finding> {
  const check = 'service'
  try {
    await client.call('live', {}, { signal, retries: 0, timeoutMs: PROBE_MS })
    return { check, ok: true, detail: 'it answers' }
  } catch (error) {
    if (signal.aborted) throw error
    const { hostname, port } = new URL(settings.baseUrl)
    const advice =
      error instanceof NetworkError
        ? `Nobody listens at ${hostname}:${port || 'its port'}: start it with \`rollcall serve\`, or set ROLLCALL_BASE_URL`
        : 'Somebody else answers there: look at ROLLCALL_BASE_URL'
    return { check, ok: false, detail: messageOf(error), advice }
  }
}

/** Ready means: the database answers, and its indexes are there. */
async function storeFinding({ client, signal }: Context): Promise<Finding> {
  const check = 'database'
  try {
    const { mongo, version } = await client.call('health', {}, { signal, retries: 0, timeoutMs: PROBE_MS })
    await client.call('ready', {}, { signal, retries: 0, timeoutMs: PROBE_MS })
    return { check, ok: true, detail: `up, its indexes too, ${mongo.round_trip_ms} ms away; service ${version}` }
  } catch (error) {
    if (signal.aborted) throw error
    const advice = 'Look at MONGO_URI of the service, and whether that server runs'
    return { check, ok: false, detail: messageOf(error), advice }
  }
}

async function clockFinding({ settings, signal }: Context): Promise<Finding> {
  const check = 'clock'
  const response = await fetch(`${settings.baseUrl}/ping`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
  })
  await response.arrayBuffer()
  const there = Date.parse(response.headers.get('date') ?? '')
  const skewMs = Math.abs(there - Date.now())
  if (Number.isNaN(skewMs)) return { check, ok: true, detail: 'the service does not tell its time' }
  const ok = skewMs <= CLOCK_SKEW_MAX_MS
  const detail = ok ? 'the same as the service’s' : `${Math.round(skewMs / 1_000)} s away from the service’s`
  return { check, ok, detail, ...(ok ? {} : { advice: 'Set the clocks by NTP: tokens end too early or too late' }) }
}

async function rightsFinding({ client, signal }: Context): Promise<Finding> {
  const check = 'rights'
  try {
    const { total } = await client.users.list({ page_size: 1 }, { signal, retries: 0, timeoutMs: PROBE_MS })
    return { check, ok: true, detail: `users can be read: ${total ?? 'some'} of them` }
  } catch (error) {
    if (signal.aborted) throw error
    const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403)
    const advice = isRefused
      ? 'Log in with `rollcall login <email>`, or set ROLLCALL_API_KEY'
      : 'Look at the log of the service'
    return { check, ok: false, detail: messageOf(error), advice }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
