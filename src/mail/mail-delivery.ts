import type { Mail } from './mailer'

/** One way to hand a mail over: SMTP, or the mailbox of development. */
export interface MailDelivery {
  /** One attempt. @throws MailRefusedError where another would end alike; anything else may be tried again. */
  deliver(mail: Mail): Promise<void>

  /** Lets go of connections. Nothing is delivered afterwards. */
  close(): void
}

/** Why a mail could not be handed over, fit for a log. */
export interface MailFailure {
  readonly code?: string | undefined
  /** The SMTP status of the server's answer. */
  readonly responseCode?: number | undefined
  /** Absent where the server answered: what it says may quote the mail, and with it a link. */
  readonly reason?: string | undefined
}

export class MailDeliveryError extends Error {
  constructor(readonly failure: MailFailure) {
    super('The mail could not be handed over')
    this.name = new.target.name
  }
}

/** The server will not take this mail, however often it is offered. */
export class MailRefusedError extends MailDeliveryError {}
