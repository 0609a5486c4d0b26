import { inSlices } from '../execution/slice'
import type { TimeLimit } from '../execution/slice'
import type { Collection } from '../storage/collection'
import { WHOLE_TREE } from '../storage/tree'

/** The bytes of all documents, without keys and pages: looks at every one. */
export async function documentBytes(collection: Collection, limit: TimeLimit): Promise<number> {
  let bytes = 0
  let after: Buffer | undefined
  await inSlices(limit, (slice) => {
    if (collection.dropped) return true
    for (const { key, value } of collection.documents.range(WHOLE_TREE, 1, after)) {
      bytes += value.length
      after = key
      if (slice.isOver()) return false
    }
    return true
  })
  return bytes
}
