import type { Transaction } from 'lmdb'
import { noSuchTransaction } from '../bson/errors'
import type { View } from './layers'
import type { Reader } from './lmdb-tree'
import type { ChangedTree, Memtable, TreeChanges } from './memtable'

/** The store as it was at one moment, for as long as it is held. It keeps lmdb from using the space of what went since. */
export class Snapshot {
  private held: Reader | undefined

  constructor(
    transaction: Transaction,
    private readonly view: View,
    private readonly onClose: () => void,
  ) {
    this.held = { transaction }
  }

  /** What reads lmdb as it was. Throws once the snapshot has been let go. */
  get reader(): Reader {
    if (this.held !== undefined) return this.held
    throw noSuchTransaction('the transaction has ended')
  }

  /** The last group of writes that it sees. */
  get group(): number {
    return this.view.group
  }

  /** The memtable of which lmdb may have had some by then. */
  get frozenMemtable(): Memtable | undefined {
    return this.view.frozen
  }

  /** What lay over lmdb at that moment, the newest first. */
  layersOf(tree: ChangedTree): readonly TreeChanges[] {
    const { active, frozen } = this.view
    return [active.trees.get(tree), frozen?.trees.get(tree)].filter((changes) => changes !== undefined)
  }

  get isClosed(): boolean {
    return this.held === undefined
  }

  close(): void {
    if (this.held === undefined) return
    this.held.transaction.done()
    this.held = undefined
    this.onClose()
  }
}
