import { sessionKey } from './arguments'
import type { Command } from './command'

export const endSessions: Command = {
  name: 'endSessions',
  summary: "closes the sessions' cursors",
  fields: [],
  run: (args, { engine }) => {
    for (const lsid of args.requiredArray('endSessions')) {
      const session = sessionKey(lsid)
      if (session !== undefined) engine.cursors.killSession(session)
    }
    return {}
  },
}
