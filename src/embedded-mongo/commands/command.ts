import type { Doc } from '../bson/doc'
import type { Engine } from '../engine'
import type { Arguments } from './arguments'

export interface ConnectionInfo {
  readonly id: number
  readonly remote: string
}

export interface CommandContext {
  readonly engine: Engine
  readonly connection: ConnectionInfo
}

/** The answer without `ok`. Numbers, strings, documents, and the raw documents of wire/reply. */
export type Reply = Doc

/** One row of the command table. */
export interface Command {
  readonly name: string
  /** Other spellings that clients use. */
  readonly aliases?: readonly string[]
  /** One line for the table in the README. */
  readonly summary: string
  /** The fields that it knows, beside its name and those that every command may have. `any`: others are no error. */
  readonly fields: readonly string[] | 'any'
  /** Only on the database `admin`. */
  readonly adminOnly?: boolean
  readonly run: (args: Arguments, context: CommandContext) => Reply | Promise<Reply>
}
