import { DocReader } from '../execution/doc-reader'
import { documentFromClient } from '../execution/documents'
import { checkNew } from '../execution/validation'
import type { Collection } from '../storage/collection'
import type { Command, CommandContext } from './command'
import { WriteBatch } from './write-batch'
import type { StatementRun } from './write-batch'
import { checkBatchSize, WriteErrors } from './write-errors'

export const insert: Command = {
  name: 'insert',
  summary: 'ordered or not, up to 100,000 documents of up to 16 MiB',
  fields: ['documents', 'ordered', 'bypassDocumentValidation', 'stmtId', 'stmtIds'],
  inTransaction: 'allowed',
  retryable: true,
  rawArray: 'documents',
  run: async (args, context) => {
    const { database, collection: name } = args
    const documents = args.rawDocuments('documents')
    checkBatchSize(documents.length)
    const bypass = args.boolean('bypassDocumentValidation')
    const batch = new WriteBatch(context, args, new WriteErrors(args.ordered()), {
      count: documents.length,
      start: (index) => startInsert(liveCollection(context, database, name), documents[index] as Buffer, bypass),
      ensured: [[database, name]],
    })
    await batch.execute()
    const n = batch.outcomes.reduce((sum, outcome) => sum + (outcome?.n ?? 0), 0)
    return { n, writeErrors: batch.writeErrors, retriedStmtIds: batch.retriedStmtIds }
  },
}

/** A collection that WriteBatch has made sure of. */
export function liveCollection({ store }: CommandContext, database: string, name: string): Collection {
  const collection = store.collection(database, name)
  if (collection === undefined) throw new Error(`${database}.${name} is not there`)
  return collection
}

export function startInsert(collection: Collection, document: Buffer, bypassValidation: boolean): StatementRun {
  const outcome = { n: 0 }
  const step = (): boolean => {
    const isValidated = !bypassValidation && collection.validation !== undefined
    const { raw, doc } = documentFromClient(
      document,
      isValidated ? DocReader.whole : DocReader.of(collection.keyFields),
    )
    if (isValidated) checkNew(collection, doc)
    collection.insert(raw, doc)
    outcome.n = 1
    return true
  }
  return { step, outcome }
}
