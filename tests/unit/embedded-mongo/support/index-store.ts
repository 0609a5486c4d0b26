import { compareValues } from '../../../../src/embedded-mongo/bson/compare'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { encodeKey, encodeValue } from '../../../../src/embedded-mongo/bson/key-encoding'
import { compileFilter } from '../../../../src/embedded-mongo/query/filter'
import { indexKeys } from '../../../../src/embedded-mongo/query/index-keys'
import type { IndexInfo, Plan } from '../../../../src/embedded-mongo/query/planner'

/** An index in memory, with entries as the storage keeps them: encoded values, then the encoded _id. */
export interface IndexStore {
  readonly info: IndexInfo
  readonly entries: readonly { readonly key: Buffer; readonly doc: Doc }[]
}

type Spec = Pick<IndexInfo, 'name' | 'key' | 'unique' | 'sparse' | 'partialFilter'>

export function storeOf(docs: readonly Doc[], spec: Spec): IndexStore {
  const partial = compileFilter(spec.partialFilter ?? {})
  const descending = Object.values(spec.key).map((direction) => compareValues(direction, 0) < 0)
  const multikey = new Set<string>()
  const entries = docs
    .filter((doc) => partial.matches(doc))
    .flatMap((doc) => {
      const made = indexKeys(doc, spec.key, spec)
      for (const path of made.multikey) multikey.add(path)
      return made.keys.map((row) => ({
        key: Buffer.concat([encodeKey(row, descending), encodeValue(doc['_id'])]),
        doc,
      }))
    })
    .toSorted((a, b) => Buffer.compare(a.key, b.key))
  return { info: { ...spec, multikey: [...multikey], truncatedKeys: false }, entries }
}

/** The documents that a plan's ranges meet, in the order of the scan. */
export function scan(store: IndexStore, { ranges, direction, merges }: Plan): Doc[] {
  const met = ranges.flatMap(({ start, end, prefixBytes = 0 }) => {
    const within = store.entries
      .filter(({ key }) => Buffer.compare(key, start) >= 0 && (end === undefined || Buffer.compare(key, end) < 0))
      .map(({ key, doc }) => ({ rest: key.subarray(prefixBytes), doc }))
    return direction === 1 ? within : within.toReversed()
  })
  const ordered = merges ? met.toSorted((a, b) => Buffer.compare(a.rest, b.rest) * direction) : met
  return ordered.map(({ doc }) => doc)
}
