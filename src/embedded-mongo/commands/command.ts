import type { Doc } from '../bson/doc'
import type { Engine } from '../engine'
import type { SessionFields } from '../sessions/session-fields'
import type { StatementLog } from '../sessions/statement-log'
import type { Store } from '../store'
import type { Arguments } from './arguments'

export interface ConnectionInfo {
  readonly id: number
  /** The client's address. */
  readonly remote: string
  /** The address at which the client reached this server. */
  readonly local: string
}

export interface CommandContext {
  readonly engine: Engine
  readonly connection: ConnectionInfo
  readonly store: Store
  /** For a command that has a number in its session. */
  readonly fields: SessionFields | undefined
  /** For a write that must happen once, however often it is sent. */
  readonly log: StatementLog | undefined
  /** The client asked once, and gets one answer after another. */
  readonly repeated: boolean
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
  /** May it be part of a transaction? `only`: it is nothing else. */
  readonly inTransaction?: 'allowed' | 'only'
  /** Is it a write that a driver may send again? */
  readonly retryable?: boolean
  /** Its array of documents that are taken as they come, byte by byte. */
  readonly rawArray?: string
  /** Its field that may be a replacement, which is taken as it comes. */
  readonly rawReplacement?: string
  /** Does it answer again and again, where the client allows it? */
  readonly streams?: (args: Arguments) => boolean
  readonly run: (args: Arguments, context: CommandContext) => Reply | Promise<Reply>
}
