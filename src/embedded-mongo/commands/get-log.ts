import { badValue } from '../bson/errors'
import type { Command } from './command'

/** mongosh asks for start-up warnings; there are none to show. */
export const getLog: Command = {
  name: 'getLog',
  summary: 'an empty log, for mongosh',
  fields: [],
  adminOnly: true,
  run: (args) => {
    const log = args.requiredString('getLog')
    if (log === '*') return { names: ['global', 'startupWarnings'] }
    if (log !== 'global' && log !== 'startupWarnings') throw badValue(`no log named '${log}'`)
    return { totalLinesWritten: 0, log: [] }
  },
}
