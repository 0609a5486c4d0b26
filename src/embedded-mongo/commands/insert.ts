import type { Engine } from '../engine'
import { ensureCollection } from '../engine'
import { documentFromClient } from '../execution/documents'
import type { Slice } from '../execution/slice'
import { writeInSlices } from '../execution/write-in-slices'
import type { Command } from './command'
import { checkBatchSize, WriteErrors } from './write-errors'

export const insert: Command = {
  name: 'insert',
  summary: 'ordered or not, up to 100,000 documents of up to 16 MiB',
  fields: ['documents', 'ordered', 'bypassDocumentValidation'],
  run: async (args, { engine }) => {
    const documents = args.rawDocuments('documents')
    checkBatchSize(documents.length)
    const ordered = !args.has('ordered') || args.boolean('ordered')
    const run = new InsertRun(engine, args.database, args.collection, documents, new WriteErrors(ordered))
    do {
      await ensureCollection(engine, args.database, args.collection)
      await writeInSlices(engine.environment, args.timeLimit(), (slice) => run.step(slice))
    } while (run.collectionIsGone)
    return { n: run.inserted, ...run.errors.toReply() }
  },
}

class InsertRun {
  inserted = 0
  /** It was dropped before its turn came: it must be made again. */
  collectionIsGone = false
  private next = 0

  constructor(
    private readonly engine: Engine,
    private readonly database: string,
    private readonly name: string,
    private readonly documents: readonly Buffer[],
    readonly errors: WriteErrors,
  ) {}

  step(slice: Slice): boolean {
    const collection = this.engine.catalog.collection(this.database, this.name)
    this.collectionIsGone = collection === undefined
    if (collection === undefined) return true
    while (this.next < this.documents.length) {
      const index = this.next++
      try {
        const { raw, doc } = documentFromClient(this.documents[index] as Buffer)
        collection.insert(raw, doc)
        this.inserted++
      } catch (error) {
        if (this.errors.note(index, error)) return true
      }
      if (slice.isOver()) break
    }
    return this.next === this.documents.length
  }
}
