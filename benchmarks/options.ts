import { parseArgs } from 'node:util'

export const PARTS = ['service', 'growth', 'engine'] as const
export type Part = (typeof PARTS)[number]

export interface Options {
  readonly parts: readonly Part[]
  readonly seconds: number
  readonly connections: number
  readonly users: number
  /** Sizes between which the time of a list is compared. */
  readonly sizes: readonly number[]
  /** How many requests the time of a list is the median of. */
  readonly requests: number
  /** A running service to measure in place of a fresh one. It must hold users. */
  readonly url: string | undefined
  readonly out: string | undefined
}

export const HELP = `npm run bench -- [options]
  --parts service,growth,engine   what to measure (all)
  --seconds 8                     length of each window
  --connections 32                connections, or operations in flight
  --users 5000                    users in the database
  --sizes 1000,100000             database sizes for the growth of lists
  --requests 300                  requests for the time of each list
  --url http://127.0.0.1:8000     measure this service, part "service" only
  --out benchmarks/results.json   also write the figures as JSON
  --smoke                         everything, as short and small as it can be`

const SMOKE = { seconds: '2', users: '200', sizes: '100,1000', requests: '30' }

/** @throws Error that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      parts: text,
      seconds: text,
      connections: text,
      users: text,
      sizes: text,
      requests: text,
      url: text,
      out: text,
      smoke: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const given = {
    seconds: '8',
    connections: '32',
    users: '5000',
    sizes: '1000,100000',
    requests: '300',
    ...(values.smoke && SMOKE),
    ...values,
  }
  return {
    parts: given.url ? ['service'] : (given.parts?.split(',').map(toPart) ?? PARTS),
    seconds: toCount('seconds', given.seconds),
    connections: toCount('connections', given.connections),
    users: toCount('users', given.users),
    sizes: given.sizes.split(',').map((size) => toCount('sizes', size)),
    requests: toCount('requests', given.requests),
    url: given.url,
    out: given.out,
  }
}

function toPart(name: string): Part {
  const part = PARTS.find((one) => one === name)
  if (!part) throw new Error(`--parts takes ${PARTS.join(', ')}`)
  return part
}

function toCount(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} takes whole numbers from 1`)
  return value
}
