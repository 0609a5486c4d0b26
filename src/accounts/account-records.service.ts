import type { EmailChangeService } from './email-change.service'
import type { OneTimeTokenService, TokenFacts } from './one-time-token.service'

/** What accounts hold on a person beside the user itself: nothing in it lets anybody in. */
export interface AccountRecords {
  readonly pending_tokens: readonly TokenFacts[]
  readonly pending_email_change: {
    readonly from: string
    readonly to: string
    readonly confirmed: { readonly old: boolean; readonly new: boolean }
    readonly created_at: string
    readonly expires_at: string
  } | null
}

export interface AccountRecordsDeps {
  readonly tokens: Pick<OneTimeTokenService, 'list' | 'revokeAll'>
  readonly changes: Pick<EmailChangeService, 'pending' | 'withdraw'>
  /** Mails that were kept instead of sent; undefined where none are. */
  readonly mailbox: { forget(to: string): Promise<void> } | undefined
}

/** For those who ask what is held on them, and for those who want nothing to be held any more. */
export class AccountRecordsService {
  constructor(private readonly deps: AccountRecordsDeps) {}

  async exportFor(userId: string): Promise<AccountRecords> {
    const [pending_tokens, change] = await Promise.all([
      this.deps.tokens.list(userId),
      this.deps.changes.pending(userId),
    ])
    return {
      pending_tokens,
      pending_email_change: change
        ? {
            from: change.from,
            to: change.to,
            confirmed: { old: change.old.confirmed_at !== null, new: change.new.confirmed_at !== null },
            created_at: change.created_at.toISOString(),
            expires_at: change.expires_at.toISOString(),
          }
        : null,
    }
  }

  /** Takes all of it away. @param email what the user's was. */
  async eraseFor(userId: string, email: string): Promise<void> {
    await Promise.all([
      this.deps.tokens.revokeAll(userId),
      this.deps.changes.withdraw(userId),
      this.deps.mailbox?.forget(email),
    ])
  }
}
