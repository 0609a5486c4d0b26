import type { Transaction } from 'lmdb'
import { noSuchTransaction } from '../bson/errors'
import type { View } from './layers'
import type { Reader } from './lmdb-tree'
import type { ChangedTree, Memtable, TreeChanges } from './memtable'

/** What a snapshot holds until it is let go. */
interface Held {
  readonly reader: Reader
  readonly view: View
}

/** The store as it was at one moment, for as long as it is held. It keeps lmdb from using the space of what went since. */
export class Snapshot {
  private held: Held | undefined

  constructor(
    transaction: Transaction,
    view: View,
    private readonly onClose: (view: View) => void,
  ) {
    this.held = { reader: { transaction }, view }
  }

  /** What reads lmdb as it was. Throws once the snapshot has been let go. */
  get reader(): Reader {
    return this.open.reader
  }

  /** The last group of writes that it sees. */
  get group(): number {
    return this.open.view.group
  }

  /** The memtable of which lmdb may have had some by then. */
  get frozenMemtable(): Memtable | undefined {
    return this.open.view.frozen
  }

  /** What lay over lmdb at that moment, the newest first. */
  layersOf(tree: ChangedTree): readonly TreeChanges[] {
    const { active, frozen } = this.open.view
    return [active.trees.get(tree), frozen?.trees.get(tree)].filter((changes) => changes !== undefined)
  }

  private get open(): Held {
    if (this.held !== undefined) return this.held
    throw noSuchTransaction('the transaction has ended')
  }

  get isClosed(): boolean {
    return this.held === undefined
  }

  /** Whoever remembers the snapshot keeps nothing by it. */
  close(): void {
    const { held } = this
    if (held === undefined) return
    this.held = undefined
    held.reader.transaction.done()
    this.onClose(held.view)
  }
}
