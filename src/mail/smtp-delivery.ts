import { createTransport } from 'nodemailer'
import type { MailDelivery } from './mail-delivery'
import { MailDeliveryError, type MailFailure, MailRefusedError } from './mail-delivery'
import type { Mail } from './mailer'

/** Times in milliseconds: a server that is silent holds a connection no longer. */
const CONNECT_MS = 10_000
const GREETING_MS = 10_000
const DNS_MS = 10_000
const SILENCE_MS = 30_000
/** One delivery as a whole, also to a server that answers a byte at a time. */
const DELIVERY_MS_MAX = 60_000
const CONNECTIONS_MAX = 5
const IDLE_MS_MAX = 60_000

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps://`; its query may hold nodemailer's options: `?requireTLS=true`. */
  readonly url: string
  readonly from: string
}

/**
 * Hands mails to an SMTP server (RFC 5321) over a few kept connections. STARTTLS is used wherever the server offers it,
 * with its certificate checked; what the URL says goes first.
 */
export class SmtpDelivery implements MailDelivery {
  private readonly transport

  constructor(private readonly options: SmtpOptions) {
    this.transport = createTransport({
      pool: true,
      url: options.url,
      maxConnections: CONNECTIONS_MAX,
      // Trying again is the queue's.
      maxRequeues: 0,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: GREETING_MS,
      dnsTimeout: DNS_MS,
      socketTimeout: SILENCE_MS,
      idleTimeout: IDLE_MS_MAX,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    // The pool reports connections that break while they are idle; each delivery reports its own.
    this.transport.on('error', () => undefined)
  }

  async deliver({ to, subject, text }: Mail): Promise<void> {
    try {
      await this.transport.sendMail({
        from: this.options.from,
        // An address as such is not searched for further ones.
        to: { name: '', address: to },
        subject,
        text,
        // RFC 3834: no automatic answers to automatic mails.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(DELIVERY_MS_MAX),
      })
    } catch (error) {
      throw isRefusal(error) ? new MailRefusedError(failureOf(error)) : new MailDeliveryError(failureOf(error))
    }
  }

  close(): void {
    this.transport.close({ force: true })
  }
}

interface SmtpError {
  readonly code?: string
  readonly responseCode?: number
  readonly message?: string
}

/** RFC 5321, section 4.2.1: 5yz is for good. Not so 503, which is about the order of commands, and a wrong password. */
function isRefusal(error: unknown): boolean {
  const { code, responseCode = 0 } = error as SmtpError
  return code !== 'EAUTH' && responseCode >= 500 && responseCode !== 503
}

function failureOf(error: unknown): MailFailure {
  const { code, responseCode, message } = error as SmtpError
  return { code, responseCode, reason: responseCode === undefined ? message : undefined }
}
