import {
  badValue,
  CommandError,
  failedToParse,
  illegalOperation,
  invalidOptions,
  notInTransaction,
  showValue,
} from '../bson/errors'
import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { toNumber } from '../bson/exact'
import { isNumeric } from '../bson/types'
import type { SessionFields } from '../sessions/session-fields'
import type { Arguments } from './arguments'
import type { Command } from './command'

/**
 * Reads and checks `lsid`, `txnNumber`, `autocommit` and `startTransaction`; undefined where the command has no number.
 * Throws what MongoDB answers for combinations that make no sense.
 */
export function sessionFields(args: Arguments, command: Command): SessionFields | undefined {
  const hasAutocommit = args.has('autocommit')
  if (!args.has('txnNumber')) {
    if (hasAutocommit) {
      throw invalidOptions("'autocommit' field requires a transaction number to also be specified")
    }
    if (args.has('startTransaction')) {
      throw invalidOptions("'startTransaction' field requires a transaction number to also be specified")
    }
    if (command.inTransaction === 'only') throw invalidOptions('Transaction commands need a transaction number')
    return undefined
  }
  const session = args.session()
  if (session === undefined) {
    throw invalidOptions('Transaction number requires a session ID to also be specified')
  }
  const { high, low } = args.long('txnNumber')
  // bson's way leads through the number's text.
  const txnNumber = (BigInt(high) << 32n) | BigInt(low >>> 0)
  if (txnNumber < 0n) throw invalidOptions('Transaction number cannot be negative')
  if (hasAutocommit) return transactionFields(args, command, session, txnNumber)
  if (args.has('startTransaction')) {
    throw invalidOptions("'startTransaction' field requires 'autocommit' field to also be specified")
  }
  if (command.retryable !== true) {
    const message = `txnNumber may only be provided for multi-document transactions and retryable write commands. autocommit:false was not provided, and ${args.name} is not a retryable write command.`
    throw new CommandError(50768, 'NotARetryableWriteCommand', message)
  }
  return { session, txnNumber, kind: 'retryable', starts: false }
}

function transactionFields(args: Arguments, command: Command, session: string, txnNumber: bigint): SessionFields {
  if (args.boolean('autocommit')) throw invalidOptions('Specifying autocommit=true is not allowed.')
  const starts = args.has('startTransaction')
  if (starts && !args.boolean('startTransaction')) {
    throw invalidOptions('Specifying startTransaction=false is not allowed.')
  }
  const ends = command.inTransaction === 'only'
  if (command.inTransaction === undefined) {
    throw notInTransaction(`Cannot run '${args.name}' in a multi-document transaction.`)
  }
  if (!ends && command.adminOnly !== true && ['admin', 'config', 'local'].includes(args.database)) {
    throw notInTransaction(`Cannot run command against the '${args.database}' database in a transaction.`)
  }
  if (starts && ends) throw notInTransaction(`Cannot start a transaction with '${args.name}'.`)
  if (!ends && args.has('writeConcern')) {
    throw invalidOptions('writeConcern is not allowed within a multi-statement transaction')
  }
  if (!starts && args.has('readConcern')) {
    throw invalidOptions('Only the first command in a transaction may specify a readConcern')
  }
  return { session, txnNumber, kind: 'transaction', starts }
}

const READ_CONCERNS: readonly unknown[] = ['local', 'available', 'majority', 'linearizable', 'snapshot']

/** One node that answers when the disk has it gives every level that it could be asked for, but for old snapshots. */
export function checkConcerns(args: Arguments, inTransaction: boolean): void {
  const readConcern = args.document('readConcern')
  const level = readConcern?.['level']
  if (level !== undefined && !READ_CONCERNS.includes(level)) {
    throw badValue(`unknown read concern level ${showValue(level)}`)
  }
  if (inTransaction && (level === 'available' || level === 'linearizable')) {
    throw invalidOptions('The readConcern level must be either local, majority or snapshot in a transaction')
  }
  if (!inTransaction && (level === 'snapshot' || readConcern?.['atClusterTime'] !== undefined)) {
    throw invalidOptions('readConcern level snapshot is only answered within a transaction by this server')
  }
  const w = args.document('writeConcern')?.['w']
  if (isNumeric(w) && !(toNumber(w) >= 0 && toNumber(w) <= WRITE_CONCERN_NODES_MAX)) {
    throw failedToParse(`w has to be a non-negative number and not greater than ${WRITE_CONCERN_NODES_MAX}`)
  }
  if (inTransaction && isNumeric(w) && toNumber(w) === 0) {
    throw illegalOperation('writeConcern w:0 is not allowed in a transaction')
  }
}

/** Nodes of a replica set. */
const WRITE_CONCERN_NODES_MAX = 50

/** `writeConcernError` for a write that is done, and that more nodes should have than there are. */
export function unsatisfiedConcern(args: Arguments): Doc | undefined {
  const given = args.get('writeConcern')
  if (!isDoc(given)) return undefined
  const { w } = given
  const errInfo = { writeConcern: { wtimeout: 0, ...given, provenance: 'clientSupplied' } }
  if (isNumeric(w) && toNumber(w) > 1) {
    return { code: 100, codeName: 'UnsatisfiableWriteConcern', errmsg: 'Not enough data-bearing nodes', errInfo }
  }
  if (typeof w !== 'string' || w === 'majority') return undefined
  const errmsg = `No write concern mode named '${w}' found in replica set configuration`
  return { code: 79, codeName: 'UnknownReplWriteConcern', errmsg, errInfo }
}
