import type { Engine } from '../engine'
import type { Collection } from '../storage/collection'

/** Bytes of the pages of a collection and its indexes. Inside Environment.inspect: only there lmdb tells. */
export function collectionBytes(collection: Collection): {
  documents: number
  indexes: Readonly<Record<string, number>>
} {
  const indexes = collection.indexes.map((index) => [index.definition.name, index.tree.pageBytes()] as const)
  return { documents: collection.documents.pageBytes(), indexes: Object.fromEntries(indexes) }
}

export function databaseBytes(engine: Engine, database: string): number {
  return engine.catalog.collections(database).reduce((sum, collection) => {
    const { documents, indexes } = collectionBytes(collection)
    return sum + documents + sumOf(indexes)
  }, 0)
}

export function sumOf(sizes: Readonly<Record<string, number>>): number {
  return Object.values(sizes).reduce((sum, size) => sum + size, 0)
}
