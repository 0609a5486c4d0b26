import { CommandError } from '../bson/errors'
import type { Arguments } from './arguments'
import type { Command } from './command'

/** https://www.mongodb.com/docs/manual/reference/stable-api/ */
export const STABLE_COMMANDS: readonly string[] = [
  'abortTransaction',
  'aggregate',
  'bulkWrite',
  'collMod',
  'commitTransaction',
  'count',
  'create',
  'createIndexes',
  'delete',
  'drop',
  'dropDatabase',
  'dropIndexes',
  'endSessions',
  'explain',
  'find',
  'findAndModify',
  'getMore',
  'hello',
  'insert',
  'killCursors',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'ping',
  'refreshSessions',
  'update',
]

/** What else of these commands version 1 does not promise. */
const UNSTABLE_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['aggregate', ['explain']],
  ['create', ['autoIndexId', 'capped', 'indexOptionDefaults', 'max', 'size', 'storageEngine']],
  ['find', ['awaitData', 'max', 'min', 'noCursorTimeout', 'oplogReplay', 'returnKey', 'showRecordId', 'tailable']],
])
const UNSTABLE_INDEX_FIELDS = ['background', 'bucketSize', 'sparse', 'storageEngine']

/** Checks `apiVersion`, `apiStrict` and `apiDeprecationErrors`. Nothing in version 1 is deprecated. */
export function checkApiVersion(args: Arguments, command: Command): void {
  const version = args.string('apiVersion')
  if (version === undefined) {
    if (!args.has('apiStrict') && !args.has('apiDeprecationErrors')) return
    const message = 'Provided apiStrict and/or apiDeprecationErrors without passing apiVersion'
    throw new CommandError(4886600, 'Location4886600', message)
  }
  if (version !== '1') throw new CommandError(322, 'APIVersionError', 'API version must be "1"')
  if (args.boolean('apiStrict')) checkStable(args, command)
}

function checkStable(args: Arguments, command: Command): void {
  // The older names of hello are not in it.
  const name = command.name === 'hello' ? args.name : command.name
  if (!STABLE_COMMANDS.includes(name)) {
    throw notStable(
      `Provided apiStrict:true, but the command ${name} is not in API Version 1. Information on supported commands and migrations in API Version 1 can be found at https://dochub.mongodb.org/core/manual-versioned-api`,
    )
  }
  const field = UNSTABLE_FIELDS.get(name)?.find((each) => args.has(each))
  if (field !== undefined) throw notStable(`BSON field '${name}.${field}' is not allowed with apiStrict:true.`)
  if (name !== 'createIndexes') return
  const indexes = args.documents('indexes') ?? []
  const option = UNSTABLE_INDEX_FIELDS.find((each) => indexes.some((index) => index[each] !== undefined))
  if (option === undefined) return
  throw notStable(`BSON field 'createIndexes.indexes.${option}' is not allowed with apiStrict:true.`)
}

function notStable(message: string): CommandError {
  return new CommandError(323, 'APIStrictError', message)
}
