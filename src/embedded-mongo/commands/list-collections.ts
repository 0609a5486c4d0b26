import { Binary } from 'bson'
import type { Doc } from '../bson/doc'
import { compileFilter } from '../query/filter'
import type { Collection } from '../storage/collection'
import { Arguments } from './arguments'
import type { Command } from './command'
import { openListCursor } from './cursor-reply'

export const listCollections: Command = {
  name: 'listCollections',
  summary: '`filter`, `nameOnly`',
  fields: ['filter', 'nameOnly', 'authorizedCollections', 'cursor'],
  run: (args, context) => {
    const filter = compileFilter(args.document('filter') ?? {})
    const show = args.boolean('nameOnly') ? showName : showCollection
    const shown = context.engine.catalog.collections(args.database).map(show)
    return openListCursor(
      context,
      shown.filter((doc) => filter.matches(doc)),
      {
        namespace: `${args.database}.$cmd.listCollections`,
        batchSize: new Arguments('cursor', args.document('cursor') ?? {}).count('batchSize') ?? Infinity,
        session: () => args.session(),
      },
    )
  },
}

function showName(collection: Collection): Doc {
  return { name: collection.identity.name, type: 'collection' }
}

function showCollection(collection: Collection): Doc {
  const { name, options, uuid } = collection.identity
  return {
    name,
    type: 'collection',
    options,
    info: { readOnly: false, uuid: new Binary(uuid, Binary.SUBTYPE_UUID) },
    idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
  }
}
