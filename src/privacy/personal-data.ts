/** One kind of data that is held on persons, apart from the user itself. Each method may reject with SERVICE_UNAVAILABLE. */
export interface PersonalData {
  /** Its key in an export. */
  readonly name: string
  /** All of it, but for secrets and their hashes. */
  exportFor(userId: string): Promise<unknown>
  /** Takes all of it away. Repeated, it does no harm. @param email what the user's was. */
  eraseFor(userId: string, email: string): Promise<unknown>
}
