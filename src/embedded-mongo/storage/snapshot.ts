import type { Transaction } from 'lmdb'
import { noSuchTransaction } from '../bson/errors'

/** The store as it was at one moment, for as long as it is held. It keeps lmdb from using the space of what went since. */
export class Snapshot {
  private held: { readonly transaction: Transaction } | undefined

  constructor(transaction: Transaction) {
    this.held = { transaction }
  }

  /** What lmdb's readers want. Throws once the snapshot has been let go. */
  get readOptions(): { readonly transaction: Transaction } {
    if (this.held !== undefined) return this.held
    throw noSuchTransaction('the transaction has ended')
  }

  get isClosed(): boolean {
    return this.held === undefined
  }

  close(): void {
    this.held?.transaction.done()
    this.held = undefined
  }
}
