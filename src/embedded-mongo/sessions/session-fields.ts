/** What a command says of its session. */
export interface SessionFields {
  /** The logical session's key. */
  readonly session: string
  readonly txnNumber: bigint
  /** retryable: a write that must happen once, however often it is sent. */
  readonly kind: 'retryable' | 'transaction'
  /** Of a transaction: this is its first command. */
  readonly starts: boolean
}
