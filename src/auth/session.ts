/** A session as it is kept, without its refresh tokens. Fields are called as in the store. */
export interface Session {
  /** 32 hex digits. */
  readonly id: string
  readonly user_id: string
  readonly created_at: Date
  /** When it was last begun anew: after its person changed its own password. At first `created_at`. */
  readonly renewed_at: Date
  /** When the person last proved to be itself. */
  readonly authenticated_at: Date
  /** When it was last refreshed. */
  readonly last_used_at: Date
  readonly expires_at: Date
  readonly user_agent: string | null
  readonly address: string
  /** How the person proved to be itself (RFC 8176). */
  readonly amr: readonly Amr[]
}

export type Amr = 'pwd' | 'otp'

/** A session as its owner sees it. */
export interface SessionView {
  readonly id: string
  readonly device: string | null
  readonly address: string
  readonly created_at: string
  readonly last_used_at: string
  readonly expires_at: string
  readonly current: boolean
}

export function presentSession(session: Session, currentId: string | undefined): SessionView {
  return {
    id: session.id,
    device: session.user_agent,
    address: session.address,
    created_at: session.created_at.toISOString(),
    last_used_at: session.last_used_at.toISOString(),
    expires_at: session.expires_at.toISOString(),
    current: session.id === currentId,
  }
}
