import { aggregate } from './aggregate'
import { backup } from './backup'
import { buildInfo } from './build-info'
import { bulkWrite } from './bulk-write'
import { collMod } from './coll-mod'
import { collStats } from './coll-stats'
import type { Command } from './command'
import { abortTransaction, commitTransaction } from './commit-transaction'
import { connectionStatus } from './connection-status'
import { count } from './count'
import { create } from './create'
import { createIndexes } from './create-indexes'
import { dbStats } from './db-stats'
import { deleteCommand } from './delete'
import { distinct } from './distinct'
import { drop } from './drop'
import { dropDatabase } from './drop-database'
import { dropIndexes } from './drop-indexes'
import { explain } from './explain'
import { find } from './find'
import { findAndModify } from './find-and-modify'
import { getLog } from './get-log'
import { getMore } from './get-more'
import { hello } from './hello'
import { hostInfo } from './host-info'
import { insert } from './insert'
import { killCursors } from './kill-cursors'
import { listCollections } from './list-collections'
import { listDatabases } from './list-databases'
import { listIndexes } from './list-indexes'
import { ping } from './ping'
import { renameCollection } from './rename-collection'
import { serverStatus } from './server-status'
import { endSessions, killSessions, refreshSessions, startSession } from './sessions'
import { update } from './update'
import { validate } from './validate'
import { whatsMyUri } from './whats-my-uri'

/** Every command that is answered. Any other is CommandNotFound. */
export const COMMANDS: readonly Command[] = [
  // the connection
  hello,
  ping,
  connectionStatus,
  startSession,
  refreshSessions,
  endSessions,
  killSessions,
  whatsMyUri,
  // documents
  insert,
  find,
  getMore,
  killCursors,
  update,
  deleteCommand,
  findAndModify,
  bulkWrite,
  count,
  distinct,
  aggregate,
  explain,
  commitTransaction,
  abortTransaction,
  // collections and indexes
  listDatabases,
  dropDatabase,
  listCollections,
  create,
  collMod,
  drop,
  renameCollection,
  createIndexes,
  listIndexes,
  dropIndexes,
  validate,
  // the server
  backup,
  buildInfo,
  collStats,
  dbStats,
  getLog,
  hostInfo,
  serverStatus,
]

/** The table by name and alias. */
export function commandsByName(commands: readonly Command[]): ReadonlyMap<string, Command> {
  return new Map(
    commands.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command])),
  )
}
