import type { Logger } from 'winston'
import { AppError } from '../errors'
import type { Mail, Mailer } from './mailer'

/** Somebody must set it up, which takes a while. */
const RETRY_AFTER_S = 60

/** Stands in where no mail is set up: notices are dropped, and calls that are of no use without a mail refused. */
export class UnavailableMailer implements Mailer {
  constructor(private readonly logger: Logger) {}

  ensureAvailable(): void {
    throw new AppError('SERVICE_UNAVAILABLE', {
      message: 'This call sends a mail, and no mail server is set up here (SMTP_URL)',
      headers: { 'Retry-After': String(RETRY_AFTER_S) },
    })
  }

  send({ to, subject }: Mail): void {
    this.logger.warn('A mail was not sent: SMTP_URL is not set', { to, subject })
  }

  drain(): Promise<void> {
    return Promise.resolve()
  }
}
