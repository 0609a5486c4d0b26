import { fillBatch, NO_CURSOR } from '../cursors'
import { Batch } from '../execution/batch'
import { RawDocuments } from '../wire/reply'
import type { Command } from './command'

export const getMore: Command = {
  name: 'getMore',
  summary: '`batchSize`; batches of up to 16 MiB',
  fields: ['collection', 'batchSize', 'term', 'lastKnownCommittedOpTime'],
  inTransaction: 'allowed',
  run: async (args, { engine, store }) => {
    const namespace = `${args.database}.${args.requiredString('collection')}`
    const size = args.count('batchSize') ?? 0
    const cursor = engine.cursors.take(args.long('getMore'), namespace, store.transaction)
    const batch = new Batch(size === 0 ? Infinity : size)
    let done = true
    try {
      done = await fillBatch(cursor.source, batch, args.timeLimit())
    } finally {
      engine.cursors.giveBack(cursor)
      if (done) engine.cursors.kill(cursor.id)
    }
    return { cursor: { nextBatch: new RawDocuments(batch.documents), id: done ? NO_CURSOR : cursor.id, ns: namespace } }
  },
}
