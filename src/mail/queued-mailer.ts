import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'winston'
import { type MailDelivery, MailDeliveryError, type MailFailure, MailRefusedError } from './mail-delivery'
import type { Mail, Mailer } from './mailer'
import { nextAttemptMs } from './retry'

/** Mails that a process holds until they are sent; the next ones are dropped, and the log says so. */
export const MAILS_HELD_MAX = 1_000
/** Attempts that run at once. */
const DELIVERIES_MAX = 5
/** How long an orderly end waits for mails that are still held, in milliseconds. */
const DRAIN_MS_MAX = 10_000
/** RFC 5321, section 4.5.3.1.3. */
const ADDRESS_LENGTH_MAX = 254
const SUBJECT_LENGTH_MAX = 200

/** Anything that could end a header line and begin another: what is to be a header holds none of it. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u
/** One address and nothing beside it: no second recipient, no display name. */
const ONE_ADDRESS = /^[^\s,;:<>()"@]+@[^\s,;:<>()"@]+$/

export interface QueuedMailerOptions {
  readonly delivery: MailDelivery
  readonly logger: Logger
  /** Said in the log with each mail that was handed over. */
  readonly sentTo: string
  readonly nextAttemptMs?: (failed: number, random: number) => number | undefined
  readonly drainMs?: number
}

/** Mails wait in this process, bounded in number and attempts. Those that wait when it is killed are lost. */
export class QueuedMailer implements Mailer {
  private readonly ending = new AbortController()
  private readonly held = new Set<Promise<void>>()
  private running = 0
  private readonly turns: (() => void)[] = []

  constructor(private readonly options: QueuedMailerOptions) {}

  ensureAvailable(): void {
    // It may fail later; for now there is a place to send to.
  }

  send(mail: Mail): void {
    if (!isSendable(mail)) return this.tell('error', 'A mail was not sent: its recipient or subject cannot be one', {})
    if (this.held.size >= MAILS_HELD_MAX) return this.tell('error', 'A mail was dropped: too many wait', about(mail))
    const work: Promise<void> = this.see(mail).finally(() => this.held.delete(work))
    this.held.add(work)
  }

  async drain(): Promise<void> {
    this.ending.abort()
    const late = new AbortController()
    const bound = sleep(this.options.drainMs ?? DRAIN_MS_MAX, undefined, { signal: late.signal }).catch(() => undefined)
    await Promise.race([Promise.all(this.held), bound])
    late.abort()
    if (this.held.size > 0) this.tell('error', `${this.held.size} mails were not sent before the end`, {})
    this.options.delivery.close()
  }

  /** Tries until it succeeds or is given up; at the end of the process once more, at once. Never rejects. */
  private async see(mail: Mail): Promise<void> {
    for (let failed = 0; ; failed += 1) {
      const last = this.ending.signal.aborted
      const failure = await this.attempt(mail)
      if (!failure) return
      const waitMs = last || failure.refused ? undefined : this.waitAfter(failed + 1)
      if (waitMs === undefined) {
        this.tell('error', 'A mail was given up', { ...about(mail), attempts: failed + 1, ...failure.why })
        return
      }
      this.tell('warn', 'A mail will be tried again', { ...about(mail), wait_ms: waitMs, ...failure.why })
      await sleep(waitMs, undefined, { signal: this.ending.signal, ref: false }).catch(() => undefined)
    }
  }

  private async attempt(mail: Mail): Promise<{ refused: boolean; why: MailFailure } | undefined> {
    await this.enter()
    try {
      await this.options.delivery.deliver(mail)
      this.tell('info', `Mail to ${mail.to}: ${mail.subject}. ${this.options.sentTo}`, {})
      return undefined
    } catch (error) {
      return { refused: error instanceof MailRefusedError, why: failureOf(error) }
    } finally {
      this.leave()
    }
  }

  private async enter(): Promise<void> {
    if (this.running < DELIVERIES_MAX) this.running += 1
    else await new Promise<void>((resolve) => this.turns.push(resolve))
  }

  /** The next one takes over the place: `running` stays. */
  private leave(): void {
    const next = this.turns.shift()
    if (next) next()
    else this.running -= 1
  }

  private waitAfter(failed: number): number | undefined {
    return (this.options.nextAttemptMs ?? nextAttemptMs)(failed, Math.random())
  }

  private tell(level: 'info' | 'warn' | 'error', message: string, fields: object): void {
    this.options.logger.log(level, message, fields)
  }
}

export function isSendable({ to, subject }: Mail): boolean {
  return (
    to.length <= ADDRESS_LENGTH_MAX &&
    ONE_ADDRESS.test(to) &&
    !UNPRINTABLE.test(to) &&
    subject.length <= SUBJECT_LENGTH_MAX &&
    !UNPRINTABLE.test(subject)
  )
}

/** What the log may hold of a mail. */
function about({ to, subject }: Mail): object {
  return { to, subject }
}

function failureOf(error: unknown): MailFailure {
  if (error instanceof MailDeliveryError) return error.failure
  return { reason: error instanceof Error ? error.name : 'unknown' }
}
