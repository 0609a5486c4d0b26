import type { EffectName, Holder } from './effect'
import type { Reply } from './route'

/** The answer to a request, as JSON text where it is data. */
export interface KeptReply extends Omit<Reply, 'data'> {
  readonly dataJson: string
  /** The id of whom or what the answer tells of: it goes when that one is purged. */
  readonly subject: string | undefined
}

/** How a request finds its key. */
export type Begun =
  /** This attempt is to do the work, until the lease ends, which `renew` puts off. */
  | { readonly kind: 'owned'; readonly effect: EffectName }
  | { readonly kind: 'kept'; readonly reply: KeptReply }
  /** Another attempt is at work: it gives a sign of life within so many milliseconds, or is over. */
  | { readonly kind: 'in_flight'; readonly waitMs: number }
  /** The key belongs to another request. */
  | { readonly kind: 'mismatch' }

/** One attempt at a request. */
export interface Claim {
  /** Of the caller and its key. */
  readonly id: string
  /** Of the request: another one has another. */
  readonly fingerprint: string
  /** Of the attempt. */
  readonly owner: string
}

/** Requests by their keys, for all processes. Each step is atomic; each may reject with SERVICE_UNAVAILABLE. */
export interface IdempotencyStore {
  begin(claim: Claim): Promise<Begun>
  /** Puts the end of the lease off, while the attempt still has it. */
  renew(claim: Claim): Promise<void>
  /** Notes whom a later attempt is to be told. It is forgotten with the first answer that is kept. */
  remember(claim: Claim, holder: Holder): Promise<void>
  /** The attempt has its answer, which is given again from now on. */
  keep(claim: Claim, reply: KeptReply): Promise<void>
  /** The attempt ends without an answer to keep: the next one resumes, at once. */
  release(claim: Claim): Promise<void>
}
