import type { Logger } from 'winston'
import type { PrivacyService } from './privacy.service'

/** How often a process purges what is due, in milliseconds. Each process does: whatever one has done, others need not. */
export const SWEEP_MS = 10 * 60 * 1_000

export interface Sweep {
  readonly stop: () => void
}

/** Purges what is due, now and then. The first time after a random part of the interval: processes start together. */
export function startPurgeSweep(
  privacy: Pick<PrivacyService, 'purgeDue'>,
  logger: Logger,
  intervalMs = SWEEP_MS,
  random: () => number = Math.random,
): Sweep {
  let timer: NodeJS.Timeout
  let stopped = false
  const next = (ms: number) => (timer = setTimeout(() => void sweep(), ms).unref())
  const sweep = async () => {
    try {
      const purged = await privacy.purgeDue()
      if (purged > 0) logger.info('Deleted users were purged: their time to come back was over', { purged })
    } catch (error) {
      logger.warn('Deleted users could not be purged; the next sweep tries again', { error })
    }
    if (!stopped) next(intervalMs)
  }
  next(intervalMs * random())
  return {
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
