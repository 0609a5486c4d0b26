import { Long } from 'bson'
import { typeMismatch } from '../bson/errors'
import type { Command } from './command'

export const killCursors: Command = {
  name: 'killCursors',
  summary: 'closes cursors',
  fields: ['cursors'],
  inTransaction: 'allowed',
  run: (args, { engine }) => {
    const cursorsKilled: Long[] = []
    const cursorsNotFound: Long[] = []
    for (const id of args.requiredArray('cursors')) {
      if (!(id instanceof Long)) throw typeMismatch("BSON field 'killCursors.cursors' must hold values of type 'long'")
      ;(engine.cursors.kill(id) ? cursorsKilled : cursorsNotFound).push(id)
    }
    return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [] }
  },
}
