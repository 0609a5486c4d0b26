/** Bytes that operations share. */
export interface Memory {
  /** Throws CommandError when there are not as many. */
  take(bytes: number): void
  give(bytes: number): void
}
