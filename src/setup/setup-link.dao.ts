/** The one link at which the first administrator is made. Every method may reject with SERVICE_UNAVAILABLE. */
export interface SetupLinkDao {
  /**
   * Replaces the link by a new one, unless the present one was made in the same start of the service.
   * @param startId the same in all processes that were started together.
   * @returns whether this is the link now: of all who ask together one is told so.
   */
  replace(link: NewSetupLink): Promise<boolean>

  /**
   * Takes the link, for a while: until `heldUntil` nobody else can.
   * @returns false when there is no such link, it has expired, or somebody has it.
   */
  take(tokenHash: string, now: Date, heldUntil: Date): Promise<boolean>

  /** What it was taken for did not happen: it can be taken again. */
  giveBack(tokenHash: string): Promise<void>

  remove(): Promise<void>
}

export interface NewSetupLink {
  readonly startId: string
  readonly tokenHash: string
  readonly createdAt: Date
  readonly expiresAt: Date
}
