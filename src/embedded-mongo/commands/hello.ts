import { setTimeout as sleep } from 'node:timers/promises'
import { Long, ObjectId } from 'bson'
import { badValue } from '../bson/errors'
import type { Doc } from '../bson/doc'
import { SESSION_TIMEOUT_MINUTES, WIRE_VERSION_MAX } from '../engine'
import { DOCUMENT_BYTES_MAX } from '../execution/batch'
import { MESSAGE_BYTES_MAX } from '../wire/message'
import type { Arguments } from './arguments'
import type { Command, CommandContext, Reply } from './command'
import { WRITE_BATCH_MAX } from './write-errors'

/** How long a client may wait for a change. It asks again if it wants to wait longer. */
const AWAIT_MS_MAX = 60_000
/** A stream of answers comes no faster than this, whatever the client says. */
const AWAIT_MS_MIN = 10

/**
 * The handshake, and how drivers watch the server. One that names the topology it knows waits for another; none comes
 * while this process lives, and so it hears at the end of its time that all is as it was.
 */
export const hello: Command = {
  name: 'hello',
  aliases: ['isMaster', 'ismaster'],
  summary: 'handshake and monitoring of drivers, streaming and OP_QUERY included',
  // Drivers tell of themselves here, newer ones more than older ones.
  fields: 'any',
  streams: (args) => args.has('topologyVersion'),
  run: (args, context) => {
    const waitMs = awaitMs(args, context)
    return waitMs === undefined ? describe(args, context) : afterWaiting(waitMs, args, context)
  },
}

function describe(args: Arguments, { engine, connection }: CommandContext): Reply {
  return {
    ...(args.boolean('helloOk') ? { helloOk: true } : {}),
    ...engine.cluster.describe(connection.local),
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
  }
}

/** undefined: answer at once. */
function awaitMs(args: Arguments, { engine, repeated }: CommandContext): number | undefined {
  const known = args.document('topologyVersion')
  const maxAwaitMs = args.count('maxAwaitTimeMS')
  if ((known === undefined) !== (maxAwaitMs === undefined)) {
    throw badValue("'topologyVersion' and 'maxAwaitTimeMS' must be given together")
  }
  if (known === undefined || maxAwaitMs === undefined) return undefined
  if (!repeated && !isSame(known, engine.cluster.topologyVersion)) return undefined
  return Math.min(Math.max(maxAwaitMs, AWAIT_MS_MIN), AWAIT_MS_MAX)
}

function isSame(known: Doc, present: { readonly processId: ObjectId; readonly counter: Long }): boolean {
  const { processId, counter } = known
  const isOurs = processId instanceof ObjectId && processId.equals(present.processId)
  return isOurs && counter instanceof Long && present.counter.equals(counter)
}

async function afterWaiting(ms: number, args: Arguments, context: CommandContext): Promise<Reply> {
  // Nobody waits longer than the server lives.
  await sleep(ms, undefined, { signal: context.engine.ending.signal, ref: false }).catch(() => undefined)
  return describe(args, context)
}
