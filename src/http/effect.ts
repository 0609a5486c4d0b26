/** Whose token a request brought along: one that is used up no longer says so. */
export interface Holder {
  readonly userId: string
  /** The address that the token proves. */
  readonly email: string
}

/** The name of what one request does, as the store knows it. */
export interface EffectName {
  /** 24 hex digits, never used before: the id of what the request makes. */
  readonly id: string
  /** An earlier attempt broke off: what it did may be there, or may yet come. */
  readonly resumed: boolean
  /** When the first attempt began. */
  readonly since: Date
  /** Whom an earlier attempt remembered. */
  readonly holder?: Holder
}

/**
 * What one request does, under one name for all attempts at it: whoever makes something takes the id from here, so that
 * a later attempt finds what an earlier one has made.
 */
export interface Effect extends EffectName {
  /**
   * For whatever uses up a token, while the token is still good: a later attempt is told the holder.
   * @throws SERVICE_UNAVAILABLE: nothing may be done then
   */
  remember(holder: Holder): Promise<void>
}
