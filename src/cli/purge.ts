import { parseArgs } from 'node:util'
import { createLogger } from '../observability/logger'
import { openPrivacy } from '../service'
import { type Command, DATABASE_HELP, runCommand, UsageError } from './command'
import { Progress } from './progress'
import { processTerminal } from './terminal'

const DAY_MS = 24 * 60 * 60 * 1_000
const DAYS_MAX = 3_650

const HELP = `Takes deleted users away for good, with all that is held on them. It cannot be undone.

  npm run purge -- --older-than 30d [--dry-run]
  node dist/cli/purge.js …             the same, where nothing can be built

  --older-than Nd  Those who were deleted more than N days ago (0 to ${DAYS_MAX}), whether they could still be restored or not.
  --dry-run        Only say how many they are.

The running service does this by itself when DELETED_RETENTION_DAYS are over; POST /users/{id}/purge does it for one.

${DATABASE_HELP}.
`

interface PurgeOptions {
  readonly olderThanDays: number
  readonly dryRun: boolean
}

const purge: Command<PurgeOptions> = {
  help: HELP,

  read: (args) => {
    const flag = { type: 'boolean' } as const
    const options = { 'older-than': { type: 'string' }, 'dry-run': flag, help: { ...flag, short: 'h' } } as const
    const { values } = parseArgs({ args, options, strict: true })
    if (values.help) return undefined
    const [, days] = /^(\d{1,4})d$/.exec(values['older-than'] ?? '') ?? []
    const olderThanDays = Number(days ?? NaN)
    if (!(olderThanDays <= DAYS_MAX)) throw new UsageError('--older-than is needed: a number of days, such as 30d')
    return { olderThanDays, dryRun: values['dry-run'] ?? false }
  },

  run: async ({ olderThanDays, dryRun }, config, connection) => {
    const { privacy, close } = openPrivacy(config, connection, createLogger({ ...config, logLevel: 'error' }))
    try {
      const before = new Date(Date.now() - olderThanDays * DAY_MS)
      const total = await privacy.countDeletedBefore(before)
      if (dryRun) return `${total} would be purged`
      const progress = new Progress({ label: 'Purging', total, terminal: processTerminal(), quiet: false })
      const purged = await privacy.purgeDeletedBefore(before, () => progress.tick()).finally(() => progress.end())
      return `${purged} purged`
    } finally {
      await close()
    }
  },
}

runCommand(purge)
