import type { Doc } from '../bson/doc'
import { toNumber } from '../bson/exact'
import type { Numeric } from '../bson/types'

/** An index as it is kept in the catalog. */
export interface IndexDefinition {
  readonly name: string
  /** As the client gave it. */
  readonly key: Doc
  readonly unique: boolean
  readonly sparse: boolean
  readonly partialFilter?: Doc | undefined
  readonly expireAfterSeconds?: number | undefined
  /** With every field; absent for `simple`. */
  readonly collation?: Doc | undefined
  readonly hidden: boolean
  /** The tree that holds the entries. */
  readonly tree: number
  /** Entries are complete. False while the index is built: then it takes part in writes, but in no plan. */
  readonly ready: boolean
  readonly multikey: readonly string[]
  readonly truncatedKeys: boolean
}

/** What is known of an index that has no entries. */
export const EMPTY_INDEX = { ready: true, multikey: [], truncatedKeys: false } as const

export function definitionToDoc(definition: IndexDefinition): Doc {
  const { partialFilter, expireAfterSeconds, collation, ...rest } = definition
  return {
    ...rest,
    ...(partialFilter === undefined ? {} : { partialFilter }),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    ...(collation === undefined ? {} : { collation }),
  }
}

export function definitionFromDoc(doc: Doc): IndexDefinition {
  const expireAfterSeconds = doc['expireAfterSeconds']
  return {
    name: doc['name'] as string,
    key: doc['key'] as Doc,
    unique: doc['unique'] as boolean,
    sparse: doc['sparse'] as boolean,
    partialFilter: doc['partialFilter'] as Doc | undefined,
    expireAfterSeconds: expireAfterSeconds === undefined ? undefined : toNumber(expireAfterSeconds as Numeric),
    collation: doc['collation'] as Doc | undefined,
    hidden: doc['hidden'] as boolean,
    tree: toNumber(doc['tree'] as Numeric),
    ready: doc['ready'] as boolean,
    multikey: doc['multikey'] as string[],
    truncatedKeys: doc['truncatedKeys'] as boolean,
  }
}

/** The key pattern with plain 1 and -1. */
export function directions(key: Doc): Record<string, 1 | -1> {
  return Object.fromEntries(Object.entries(key).map(([path, order]) => [path, toNumber(order as Numeric) < 0 ? -1 : 1]))
}
