import { CommandError } from '../bson/errors'
import type { StoredTree } from '../storage/stored-tree'

/** What the last numbered write or transaction of a session was. */
export interface WriteRecord {
  readonly txnNumber: bigint
  readonly kind: 'retryable' | 'committed'
  readonly at: number
  /** What was done of it, as BSON; empty for a transaction. */
  readonly results: Buffer
}

/** txnNumber (8 bytes), time (8), kind (1), and then the results as BSON. */
const TIME_OFFSET = 8
const KIND_OFFSET = 16
const RESULTS_OFFSET = 17
const KINDS = ['retryable', 'committed'] as const

/** The tree `sessions`: for each session one record, of what it wrote last. */
export class WriteRecords {
  constructor(private readonly tree: StoredTree) {}

  find(session: string): WriteRecord | undefined {
    const bytes = this.tree.get(keyOf(session))
    if (bytes === undefined) return undefined
    return {
      txnNumber: bytes.readBigInt64BE(0),
      at: bytes.readDoubleBE(TIME_OFFSET),
      kind: KINDS[bytes[KIND_OFFSET] as number] ?? 'retryable',
      results: bytes.subarray(RESULTS_OFFSET),
    }
  }

  /** Inside Environment.write, together with what it records. `isKnown`: the session has a record, if that has been seen. */
  put(
    session: string,
    txnNumber: bigint,
    kind: WriteRecord['kind'],
    body: Uint8Array = NO_RESULTS,
    isKnown?: boolean,
  ): void {
    const bytes = Buffer.allocUnsafe(RESULTS_OFFSET + body.length)
    bytes.writeBigInt64BE(txnNumber, 0)
    bytes.writeDoubleBE(Date.now(), TIME_OFFSET)
    bytes[KIND_OFFSET] = KINDS.indexOf(kind)
    bytes.set(body, RESULTS_OFFSET)
    const key = keyOf(session)
    if (isKnown ?? this.tree.has(key)) this.tree.replace(key, bytes)
    else this.tree.insert(key, bytes)
  }

  /** The keys of the records after `after`, `countMax` of them, and when they were written. */
  list(after: Buffer | undefined, countMax: number): readonly { readonly key: Buffer; readonly at: number }[] {
    const found: { key: Buffer; at: number }[] = []
    for (const { key, value } of this.tree.range({ start: FIRST_KEY, end: undefined }, 1, after)) {
      found.push({ key, at: value.readDoubleBE(TIME_OFFSET) })
      if (found.length === countMax) break
    }
    return found
  }

  get count(): number {
    return this.tree.count
  }

  /** Inside Environment.write: removes those that are still as old as they were. */
  remove(records: readonly { readonly key: Buffer; readonly at: number }[]): void {
    for (const { key, at } of records) {
      if (this.tree.get(key)?.readDoubleBE(TIME_OFFSET) === at) this.tree.remove(key)
    }
  }
}

const NO_RESULTS = new Uint8Array()
const FIRST_KEY = Buffer.of(0)

/** Behind a byte that keeps it above the first key. */
function keyOf(session: string): Buffer {
  return Buffer.from(`s${session}`, 'latin1')
}

export function transactionTooOld(given: bigint, known: bigint): CommandError {
  const message = `Cannot start transaction ${given} on session because a newer transaction with txnNumber ${known} has already started on this session.`
  return new CommandError(225, 'TransactionTooOld', message)
}
