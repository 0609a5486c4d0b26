/** A mail to one person. The text may hold a link that lets its reader in: it is shown to nobody else, and never logged. */
export interface Mail {
  readonly to: string
  readonly subject: string
  /** Plain text. */
  readonly text: string
}

export interface Mailer {
  /**
   * For calls that are of no use without a mail; those that send a mere notice go on without.
   * @throws SERVICE_UNAVAILABLE where no mail can be sent because none is set up
   */
  ensureAvailable(): void

  /** Takes the mail and sends it later: how long that takes, and whether it succeeds, tells the caller nothing. */
  send(mail: Mail): void

  /** Resolves when all that was taken has been sent or given up: for an orderly end. */
  drain(): Promise<void>
}
