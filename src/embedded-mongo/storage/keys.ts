import { createHash } from 'node:crypto'
import { encodeKey, encodeValue, prefixEnd } from '../bson/key-encoding'
import { WHOLE_TREE } from './tree'
import type { ByteRange } from './tree'

/*
 * lmdb's keys end at 1,978 bytes. A longer one is cut, and the hash of the whole put behind what is left: it is still
 * unique, and in order as far as its beginning reaches.
 */
const HASH_BYTES = 32
/** The key of a document, which also ends the keys of its index entries. */
const ID_KEY_BYTES_MAX = 512
/** What an index entry's key has left. */
const VALUES_KEY_BYTES_MAX = 1_400

export interface StoredKey {
  readonly key: Buffer
  readonly truncated: boolean
}

export function idKey(id: unknown): StoredKey {
  return fit(encodeValue(id), ID_KEY_BYTES_MAX)
}

/** The stored key of a document from the whole encoding of its _id. */
export function storedDocumentKey(encodedId: Buffer): Buffer {
  return fit(encodedId, ID_KEY_BYTES_MAX).key
}

/** The key of an index entry: its values, and behind them the document's key, unless the index is unique. */
export function entryKey(
  values: readonly unknown[],
  descending: readonly boolean[],
  documentKey: Buffer | undefined,
): StoredKey {
  const key = encodeKey(values, descending, documentKey)
  const valuesBytes = key.length - (documentKey?.length ?? 0)
  if (valuesBytes <= VALUES_KEY_BYTES_MAX) return { key, truncated: false }
  const fitted = fit(key.subarray(0, valuesBytes), VALUES_KEY_BYTES_MAX)
  return documentKey === undefined ? fitted : { key: Buffer.concat([fitted.key, documentKey]), truncated: true }
}

function fit(key: Buffer, bytesMax: number): StoredKey {
  if (key.length <= bytesMax) return { key, truncated: false }
  const hash = createHash('sha256').update(key).digest()
  return { key: Buffer.concat([key.subarray(0, bytesMax - HASH_BYTES), hash]), truncated: true }
}

/** A range over whole keys as one over stored keys. `cut`: it may hold more than was asked for. */
export function storedRange(range: ByteRange, over: 'documents' | 'entries'): { range: ByteRange; cut: boolean } {
  const kept = (over === 'documents' ? ID_KEY_BYTES_MAX : VALUES_KEY_BYTES_MAX) - HASH_BYTES
  const start = range.start.length === 0 ? WHOLE_TREE.start : range.start
  const { end } = range
  if (start.length <= kept && (end === undefined || end.length <= kept)) return { range: { start, end }, cut: false }
  return {
    range: {
      start: start.length <= kept ? start : start.subarray(0, kept),
      end: end === undefined || end.length <= kept ? end : prefixEnd(end.subarray(0, kept)),
    },
    cut: true,
  }
}
