import type { Router } from 'express'
import type { Connection } from 'mongoose'
import type { Logger } from 'winston'
import type { Config } from '../config'
import type { Respond } from '../http/responder'
import { AccountMails } from './account-mails'
import { DevMailbox } from './dev-mailbox'
import { MAILBOX_PATH, mailboxRouter } from './dev-mailbox.router'
import type { MailPlaces } from './mail-texts'
import type { Mailer } from './mailer'
import { QueuedMailer } from './queued-mailer'
import { SmtpDelivery } from './smtp-delivery'
import { UnavailableMailer } from './unavailable-mailer'

type MailConfig = Pick<Config, 'nodeEnv' | 'smtpUrl' | 'mailFrom' | 'publicUrl' | 'host' | 'port' | 'mongoDeadlineMs'>

export interface Mailing {
  readonly mailer: Mailer
  readonly mails: AccountMails
  /** Where mails can be read instead of being sent: outside production, without an SMTP server. */
  readonly mailbox: DevMailbox | undefined
  /** The pages of the mailbox. */
  readonly routers: readonly ((respond: Respond) => Router)[]
}

export function createMailing(config: MailConfig, connection: Connection, logger: Logger): Mailing {
  const places = mailPlaces(config)
  const mailbox = keepsMails(config) ? new DevMailbox(connection, config.mongoDeadlineMs, () => new Date()) : undefined
  const mailer = mailerFor(config, mailbox, logger)
  return {
    mailer,
    mails: new AccountMails(mailer, places),
    mailbox,
    routers: mailbox ? [(respond) => mailboxRouter(mailbox, respond)] : [],
  }
}

function keepsMails({ nodeEnv, smtpUrl }: MailConfig): boolean {
  return nodeEnv !== 'production' && smtpUrl === undefined
}

function mailerFor(config: MailConfig, mailbox: DevMailbox | undefined, logger: Logger): Mailer {
  const { smtpUrl, mailFrom: from } = config
  if (mailbox) {
    const sentTo = `Not sent but kept: ${mailPlaces(config).serviceUrl}${MAILBOX_PATH}`
    return new QueuedMailer({ delivery: mailbox, logger, sentTo })
  }
  if (smtpUrl !== undefined) {
    const delivery = new SmtpDelivery({ url: smtpUrl, from })
    return new QueuedMailer({ delivery, logger, sentTo: 'Handed to the mail server' })
  }
  logger.warn('SMTP_URL is not set: no mails are sent, and calls that need one answer 503')
  return new UnavailableMailer(logger)
}

/** The service's own address as its users can call it: an address of all interfaces is none. */
export function mailPlaces({ publicUrl, host, port }: Pick<Config, 'publicUrl' | 'host' | 'port'>): MailPlaces {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return { publicUrl, serviceUrl: publicUrl ?? `http://${name}:${port}` }
}
