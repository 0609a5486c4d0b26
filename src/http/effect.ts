/**
 * What one request does, under one name for all attempts at it: whoever makes something takes the id from here, so that
 * a later attempt finds what an earlier one has made.
 */
export interface Effect {
  /** 24 hex digits, never used before: the id of what the request makes. */
  readonly id: string
  /** An earlier attempt broke off: what it did may be there, or may yet come. */
  readonly resumed: boolean
  /** When the first attempt began. */
  readonly since: Date
}
