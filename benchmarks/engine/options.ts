import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { CONTENDERS } from './contenders'
import { OPERATIONS, type OperationName } from './operations'

export interface Options {
  readonly servers: readonly string[]
  readonly operations: readonly OperationName[]
  readonly documents: number
  readonly seconds: number
  readonly rounds: number
  readonly inFlight: number
  readonly loaders: number
  /** Documents to load into the engine alone, and nothing else. */
  readonly million: number | undefined
  readonly smoke: boolean
}

export const HELP = `npm run bench:engine -- [options]
  --servers engine,engine-memory,secantus,java
                                   who takes part (all that can be had)
  --operations 'insert,...'        what is measured (all)
  --documents 100000               documents in each server
  --seconds 3                      length of each window
  --rounds 3                       windows of each operation and server, in turn
  --in-flight 32                   operations in flight
  --loaders N                      processes that make the load (as many as cores, 4 at the most)
  --million [--documents N]        load a million documents into the engine alone: memory, and pages by index
  --smoke                          all of it, as short and small as it can be: no goal is asked for

SECANTUSD=path names an installed secantusd-py; without it SecantusDB is installed from PyPI into .cache, once.
mongo-java-server comes from Maven Central, and needs java 17. A server that cannot be had is left out, and said so.`

const LOADERS_MAX = 4
const MILLION = 1_000_000
const DEFAULTS = { documents: '100000', seconds: '3', rounds: '3' }
const SMOKE = { documents: '1000', seconds: '0.3', rounds: '1' }
const SMOKE_MILLION = { documents: '5000' }

/** @throws Error that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      servers: text,
      operations: text,
      documents: text,
      seconds: text,
      rounds: text,
      'in-flight': text,
      loaders: text,
      million: flag,
      smoke: flag,
      help: flag,
    },
  })
  if (values.help) return 'help'
  const given = {
    ...DEFAULTS,
    ...(values.million && { documents: String(MILLION) }),
    ...(values.smoke && (values.million ? SMOKE_MILLION : SMOKE)),
    ...values,
  }
  const documents = toNumber('documents', given.documents)
  return {
    servers: among(
      'servers',
      given.servers,
      CONTENDERS.map(({ name }) => name),
    ),
    operations: among('operations', given.operations, OPERATIONS),
    documents,
    seconds: toNumber('seconds', given.seconds),
    rounds: toNumber('rounds', given.rounds),
    inFlight: toNumber('in-flight', given['in-flight'] ?? '32'),
    loaders: toNumber('loaders', given.loaders ?? String(Math.min(LOADERS_MAX, availableParallelism()))),
    million: given.million ? documents : undefined,
    smoke: given.smoke,
  }
}

function among<T extends string>(option: string, text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !all.includes(name as T))
  if (unknown !== undefined) throw new Error(`--${option} takes ${all.join(', ')}; not ${unknown}`)
  return all.filter((name) => names.includes(name))
}

function toNumber(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${option} takes numbers above zero`)
  return value
}
