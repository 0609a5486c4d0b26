import { DOCUMENT_BYTES_MAX } from '../execution/batch'
import { WIRE_VERSION_MAX } from '../engine'
import { MESSAGE_BYTES_MAX } from '../wire/message'
import type { Command } from './command'
import { WRITE_BATCH_MAX } from './write-errors'

const SESSION_TIMEOUT_MINUTES = 30

/** The handshake. Without `setName` a driver takes the server for a standalone. */
export const hello: Command = {
  name: 'hello',
  aliases: ['isMaster', 'ismaster'],
  summary: 'handshake of drivers, OP_QUERY included',
  // Drivers tell of themselves here, newer ones more than older ones.
  fields: 'any',
  run: (args, { connection }) => ({
    ...(args.boolean('helloOk') ? { helloOk: true } : {}),
    [args.name === 'hello' ? 'isWritablePrimary' : 'ismaster']: true,
    maxBsonObjectSize: DOCUMENT_BYTES_MAX,
    maxMessageSizeBytes: MESSAGE_BYTES_MAX,
    maxWriteBatchSize: WRITE_BATCH_MAX,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: SESSION_TIMEOUT_MINUTES,
    connectionId: connection.id,
    minWireVersion: 0,
    maxWireVersion: WIRE_VERSION_MAX,
    readOnly: false,
  }),
}
