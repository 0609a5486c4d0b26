import type { Collection } from '../storage/collection'
import { Matches } from './matches'
import { prepareQuery } from './query'
import type { QuerySpec } from './query'
import type { Slice } from './slice'

export interface DeleteStatement extends QuerySpec {
  readonly multi: boolean
}

/** One statement of a delete command, in steps. Every step runs inside Environment.write. */
export class DeleteRun {
  private deleted = 0
  private readonly matches: Matches

  constructor(
    private readonly collection: Collection,
    private readonly statement: DeleteStatement,
  ) {
    this.matches = new Matches(prepareQuery(collection, statement), () => collection.keyFields, statement)
  }

  get outcome(): { n: number } {
    return { n: this.deleted }
  }

  /** True when the statement is done. */
  step(slice: Slice): boolean {
    for (;;) {
      const { found, state } = this.matches.next(slice)
      const areAllDone = this.matches.forEach(found, ({ documentKey, doc }) => {
        this.collection.remove(documentKey, doc)
        this.deleted++
        return !this.collection.isOwing
      })
      if (!areAllDone) return false
      if (state === 'done' || (!this.statement.multi && this.deleted > 0)) return true
      if (state === 'paused' || slice.isOver()) return false
    }
  }
}
