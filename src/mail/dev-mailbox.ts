import { type Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { storeCall } from '../mongo/store-call'
import { type KeptMailDocument, keptMailModel } from './dev-mailbox.model'
import type { MailDelivery } from './mail-delivery'
import type { Mail } from './mailer'

/** The newest so many are kept, and for an hour. */
export const MAILS_KEPT_MAX = 200

export interface KeptMail extends Mail {
  readonly id: string
  readonly sent_at: string
}

/**
 * The mailbox of development: mails to anybody are kept in the store, so that one worker shows what another sent.
 * Whoever can read it can sign in as anybody.
 */
export class DevMailbox implements MailDelivery {
  private readonly mails: mongo.Collection<KeptMailDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
    private readonly clock: () => Date,
  ) {
    this.mails = collectionOf(keptMailModel(connection))
  }

  async deliver({ to, subject, text }: Mail): Promise<void> {
    const mail = { _id: new mongo.ObjectId(), to, subject, text, sent_at: this.clock() }
    await this.within(this.mails.insertOne(mail))
    const [oldest] = await this.within(
      this.mails
        .find({}, { projection: { sent_at: 1 }, sort: { sent_at: -1 }, skip: MAILS_KEPT_MAX - 1, limit: 1 })
        .toArray(),
    )
    if (oldest) await this.within(this.mails.deleteMany({ sent_at: { $lt: oldest.sent_at } }))
  }

  close(): void {
    // The connection is the service's.
  }

  /** Newest first. */
  async list(): Promise<readonly KeptMail[]> {
    const mails = await this.within(this.mails.find({}, { sort: { sent_at: -1 }, limit: MAILS_KEPT_MAX }).toArray())
    return mails.map(({ _id, to, subject, text, sent_at }) => ({
      id: _id.toHexString(),
      to,
      subject,
      text,
      sent_at: sent_at.toISOString(),
    }))
  }

  /** Forgets what was sent to this address: a person who is purged leaves no mails behind. */
  async forget(to: string): Promise<void> {
    await this.within(this.mails.deleteMany({ to }))
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
