/** What signing in needs of the second factor. */
export interface SecondFactor {
  isActive(userId: string): Promise<boolean>

  /** Uses up a code of the authenticator, or a recovery code: each is good once, also when it comes twice at once. */
  redeem(userId: string, code: string): Promise<boolean>
}
