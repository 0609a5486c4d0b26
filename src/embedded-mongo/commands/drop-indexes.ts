import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { indexNotFound, invalidOptions, namespaceNotFound, showValue, typeMismatch } from '../bson/errors'
import { typeName } from '../bson/types'
import type { Collection } from '../storage/collection'
import { directions } from '../storage/index-definition'
import type { SecondaryIndex } from '../storage/secondary-index'
import type { Command } from './command'
import { oneAtATime } from './create-indexes'

export const dropIndexes: Command = {
  name: 'dropIndexes',
  aliases: ['deleteIndexes'],
  summary: 'by name, names, key pattern, or `*`',
  fields: ['index'],
  run: (args, { engine }) => {
    const namespace = `${args.database}.${args.collection}`
    return oneAtATime(engine, namespace, async () => {
      const collection = engine.catalog.collection(args.database, args.collection)
      if (collection === undefined) throw namespaceNotFound(`ns not found ${namespace}`)
      const nIndexesWas = collection.indexes.length + 1
      const chosen = choose(collection, args.get('index'))
      const { catalog, environment } = engine
      const trees = await environment.writeDirectly(() => chosen.map((index) => catalog.dropIndex(collection, index)))
      environment.releaseTrees(trees)
      return { nIndexesWas }
    })
  },
}

function choose(collection: Collection, wanted: unknown): readonly SecondaryIndex[] {
  if (wanted === '*') return collection.indexes
  if (typeof wanted === 'string') return [byName(collection, wanted)]
  if (isDoc(wanted)) return [byKey(collection, wanted)]
  if (Array.isArray(wanted) && wanted.every((name) => typeof name === 'string')) {
    return wanted.map((name) => byName(collection, name))
  }
  throw typeMismatch(
    `BSON field 'dropIndexes.index' is the wrong type '${typeName(wanted)}', expected types '[string, object]'`,
  )
}

function byName(collection: Collection, name: string): SecondaryIndex {
  if (name === '_id_') throw invalidOptions('cannot drop _id index')
  const index = collection.index(name)
  if (index === undefined) throw indexNotFound(`index not found with name [${name}]`)
  return index
}

function byKey(collection: Collection, key: Doc): SecondaryIndex {
  if (shown(key) === '[["_id",1]]') throw invalidOptions('cannot drop _id index')
  const index = indexWithKey(collection, key)
  if (index === undefined) throw indexNotFound(`can't find index with key: ${showValue(key)}`)
  return index
}

/** Never the one on _id. */
export function indexWithKey(collection: Collection, key: Doc): SecondaryIndex | undefined {
  const wanted = shown(key)
  return collection.indexes.find((each) => shown(each.info.key) === wanted)
}

function shown(key: Doc): string {
  return JSON.stringify(Object.entries(directions(key)))
}
