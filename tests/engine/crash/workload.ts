import type { Db, MongoClient } from 'mongodb'

/** What one kind of writers does until the engine dies, and must find when the next one has started. */
export interface Workload {
  /** Collections that `validate` looks at after each crash. */
  readonly collections: readonly string[]
  readonly acknowledged: number
  prepare(db: Db): Promise<void>
  /** Writes until something fails that cannot be tried again. `writer` is unlike all others, of other rounds too. */
  write(writer: Writer): Promise<void>
  /** Throws where something is lost, half, or there twice. */
  check(db: Db, uri: string): Promise<void>
}

export interface Writer {
  readonly client: MongoClient
  readonly uri: string
  readonly name: string
}

export const DATABASE = 'crash'

export function anyBelow(bound: number): number {
  return Math.floor(Math.random() * bound)
}
