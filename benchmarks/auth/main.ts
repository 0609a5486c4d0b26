import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { compareSync, hashSync } from 'bcrypt'
import { startEngine, startService } from '../processes'
import { table } from '../report'
import { administratorToken, emailOf, KEY, seedAccounts } from './accounts'
import { measureEqualTime } from './equal-time'
import { measureFlood } from './flood'
import { HELP, type Options, readAuthOptions } from './options'
import { measureTokenCost } from './token-cost'
import { print, runProgram } from '../program'

const LOGIN_SHARE_MIN = 0.85
const READ_P99_MS_MAX = 100
const TOKEN_COST_MAX = 0.1

const NO_LIMITS = { LOGIN_ADDRESS_ATTEMPTS_MAX: '1000000', LOGIN_ATTEMPTS_MAX: '1000' }

/** Of one hash with the machine to itself, in milliseconds: the best of some. */
function hashMs(cost: number): number {
  const stored = hashSync('Password@123', cost)
  const times = Array.from({ length: 8 }, () => {
    const begin = performance.now()
    compareSync('Password@124', stored)
    return performance.now() - begin
  })
  return Math.min(...times)
}

async function measureAll(options: Options) {
  const { users, cost, workers } = options
  const engine = await startEngine()
  const uri = `${engine.address}/bench`
  const ids = await seedAccounts(uri, users, cost)
  const common = { BCRYPT_COST: String(cost), BOOTSTRAP_API_KEY: KEY, ...NO_LIMITS }
  const required = { ...common, AUTH_MODE: 'required' }
  try {
    const before = hashMs(cost)
    const cluster = await startService(uri, { ...required, WORKERS: String(workers) })
    const token = await administratorToken(cluster.address, ids[0]!, emailOf(0))
    const onCluster = async () => ({
      equal: await measureEqualTime(cluster.address),
      flood: await measureFlood(cluster.address, ids, token, options),
    })
    const { equal, flood } = await onCluster().finally(cluster.stop)
    const one_hash_ms = Math.min(before, hashMs(cost))
    const [open, closed] = [await startService(uri, common), await startService(uri, required)]
    const tokens = await measureTokenCost(open.address, closed.address, ids, token, options).finally(() =>
      Promise.all([open.stop(), closed.stop()]),
    )
    const bound = (availableParallelism() * 1_000) / one_hash_ms
    return { one_hash_ms, bound_per_second: bound, share: flood.logins_per_second / bound, equal, flood, tokens }
  } finally {
    await engine.stop()
  }
}

type Figures = Awaited<ReturnType<typeof measureAll>>

function show({ one_hash_ms, bound_per_second, share, equal, flood, tokens }: Figures): void {
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`
  const rows = [
    ['one bcrypt hash', `${one_hash_ms.toFixed(0)} ms`, ''],
    ['logins', `${flood.logins_per_second.toFixed(1)}/s of ${bound_per_second.toFixed(1)}/s`, ''],
    ['  of cores ÷ time of one hash', percent(share), `≥ ${percent(LOGIN_SHARE_MIN)}`],
    ['GET by id meanwhile, p99', `${flood.read_p99.toFixed(1)} ms`, `≤ ${READ_P99_MS_MAX} ms`],
    ['  p50', `${flood.read_p50.toFixed(1)} ms`, ''],
    ['GET by id, open', `${tokens.open_per_second.toFixed(0)}/s`, ''],
    ['  with a token', `${tokens.token_per_second.toFixed(0)}/s`, ''],
    ['  the token costs', percent(tokens.cost), `≤ ${percent(TOKEN_COST_MAX)}`],
    ['login of nobody ÷ wrong password', (equal.missing_ms / equal.wrong_ms).toFixed(2), 'about 1'],
    ['errors', String(flood.errors + tokens.errors), '0'],
  ]
  print(table(['', 'measured', 'goal'], rows))
}

function reached({ share, flood, tokens }: Figures): boolean {
  return share >= LOGIN_SHARE_MIN && flood.read_p99 <= READ_P99_MS_MAX && tokens.cost <= TOKEN_COST_MAX
}

async function main(): Promise<void> {
  const options = readAuthOptions(process.argv.slice(2))
  if (options === 'help') {
    print(HELP)
    return
  }
  const figures = await measureAll(options)
  show(figures)
  const failed = figures.flood.errors + figures.tokens.errors > 0
  if (failed || (!options.smoke && !reached(figures))) process.exitCode = 1
  const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version }
  const report = { date: new Date().toISOString(), ...machine, options, ...figures }
  if (options.out) await writeFile(options.out, `${JSON.stringify(report, null, 1)}\n`)
}

runProgram(main)
