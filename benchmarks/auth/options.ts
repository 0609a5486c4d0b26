import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export interface Options {
  readonly seconds: number
  readonly rounds: number
  readonly users: number
  readonly workers: number
  readonly cost: number
  readonly out: string | undefined
  /** Too short to hold anything to the goals. */
  readonly smoke: boolean
}

export const HELP = `npm run bench:auth -- [options]
  --seconds 15     length of the flood of logins, and of all windows for the cost of a token together
  --rounds 8       windows of each side for the cost of a token
  --users 1000     users in the database
  --workers N      workers (one for each core)
  --cost 12        bcrypt's cost
  --out FILE       also write the figures as JSON
  --smoke          as short and small as it can be, at cost 8; the goals are not asked for`

const SMOKE = { seconds: '2', rounds: '2', users: '50', cost: '8' }

/** @throws Error that says which option is wrong. */
export function readAuthOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: text,
      rounds: text,
      users: text,
      workers: text,
      cost: text,
      out: text,
      smoke: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const defaults = { seconds: '15', rounds: '8', users: '1000', cost: '12', workers: String(availableParallelism()) }
  const given = { ...defaults, ...(values.smoke && SMOKE), ...values }
  return {
    seconds: toCount('seconds', given.seconds),
    rounds: toCount('rounds', given.rounds),
    users: toCount('users', given.users),
    workers: toCount('workers', given.workers),
    cost: toCount('cost', given.cost),
    out: given.out,
    smoke: values.smoke,
  }
}

function toCount(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} takes whole numbers from 1`)
  return value
}
