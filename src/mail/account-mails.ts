import type { Mailer } from './mailer'
import { type MailPlaces, mailTexts } from './mail-texts'

/**
 * Sends the mails about accounts: one method for each text of `mail-texts.ts`, whose first parameter is the recipient.
 * The notices (a thing has happened) may be sent anywhere; the others carry a token and belong to `accounts/`.
 */
export class AccountMails {
  private readonly texts: ReturnType<typeof mailTexts>

  constructor(
    private readonly mailer: Mailer,
    places: MailPlaces,
  ) {
    this.texts = mailTexts(places)
  }

  /** @throws SERVICE_UNAVAILABLE where no mail can be sent because none is set up */
  ensureAvailable(): void {
    this.mailer.ensureAvailable()
  }

  /** `send(to, 'resetPassword', token)`: the parameters after the name are those of the text. */
  send<Name extends keyof Texts>(to: string, name: Name, ...values: Parameters<Texts[Name]>): void {
    const write = this.texts[name] as (...given: typeof values) => ReturnType<Texts[Name]>
    this.mailer.send({ to, ...write(...values) })
  }
}

type Texts = ReturnType<typeof mailTexts>
