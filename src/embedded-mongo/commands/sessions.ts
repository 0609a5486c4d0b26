import { randomBytes } from 'node:crypto'
import { Binary } from 'bson'
import { SESSION_TIMEOUT_MINUTES } from '../engine'
import type { Engine } from '../engine'
import { sessionKey } from './arguments'
import type { Arguments } from './arguments'
import type { Command } from './command'

const UUID_BYTES = 16

export const startSession: Command = {
  name: 'startSession',
  summary: 'an identifier for a session; drivers make their own',
  fields: [],
  run: () => ({ id: { id: new Binary(uuid(), Binary.SUBTYPE_UUID) }, timeoutMinutes: SESSION_TIMEOUT_MINUTES }),
}

/** A random UUID, version 4. */
function uuid(): Buffer {
  const bytes = randomBytes(UUID_BYTES)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes
}

export const refreshSessions: Command = {
  name: 'refreshSessions',
  summary: 'answers: what a session holds lives by its own time',
  fields: [],
  run: (args) => {
    args.requiredArray('refreshSessions')
    return {}
  },
}

export const endSessions: Command = {
  name: 'endSessions',
  summary: "closes the sessions' cursors and aborts their transactions",
  fields: [],
  run: (args, { engine }) => endAll(args, engine),
}

export const killSessions: Command = {
  name: 'killSessions',
  summary: 'the same',
  fields: [],
  run: (args, { engine }) => endAll(args, engine),
}

function endAll(args: Arguments, engine: Engine): Record<string, never> {
  for (const lsid of args.requiredArray(args.name)) {
    const session = sessionKey(lsid)
    if (session === undefined) continue
    engine.transactions.endSession(session)
    engine.cursors.killSession(session)
  }
  return {}
}
