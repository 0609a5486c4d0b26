import { illegalOperation, namespaceExists, namespaceNotFound } from '../bson/errors'
import type { Engine } from '../engine'
import { oneAtATime } from './create-indexes'
import { parseNamespace } from './arguments'
import type { Command } from './command'

export const renameCollection: Command = {
  name: 'renameCollection',
  summary: 'also into another database; `dropTarget`; the indexes are kept',
  fields: ['to', 'dropTarget'],
  adminOnly: true,
  run: async (args, { engine }) => {
    const from = args.requiredString('renameCollection')
    const to = args.requiredString('to')
    // The build of an index comes to its end first.
    await oneAtATime(engine, from, () => rename(engine, from, to, args.boolean('dropTarget')))
    return {}
  },
}

/** In one transaction of the store: the target is there before, or what was renamed is there after. */
export async function rename(engine: Engine, from: string, to: string, dropTarget: boolean): Promise<void> {
  const { catalog, environment } = engine
  const [source, target] = [parseNamespace(from), parseNamespace(to)]
  if (from === to) throw illegalOperation("Can't rename a collection to itself")
  const trees = await environment.writeDirectly(() => {
    const collection = catalog.collection(...source)
    if (collection === undefined) throw namespaceNotFound(`Source collection ${from} does not exist`)
    const present = catalog.collection(...target)
    if (present !== undefined && !dropTarget) throw namespaceExists('target namespace exists')
    const dropped = present === undefined ? [] : catalog.drop(present)
    if (present !== undefined) engine.cursors.endCollections(new Set([to]))
    catalog.rename(collection, ...target)
    return dropped
  })
  environment.releaseTrees(trees)
}
