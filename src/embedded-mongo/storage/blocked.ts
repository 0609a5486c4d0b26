/** A write must wait: an open transaction has changed the same document, or holds the same unique key. */
export class Blocked extends Error {
  constructor(
    /** Resolves when that transaction has ended. */
    readonly released: Promise<void>,
  ) {
    super('an open transaction holds the document')
    this.name = 'Blocked'
  }
}
