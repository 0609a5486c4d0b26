import { compileCollation } from '../bson/collation'
import type { Doc } from '../bson/doc'
import { PipelineSource } from '../execution/pipeline-source'
import { prepareQuery } from '../execution/query'
import { ArraySource, findSource } from '../execution/source'
import type { Source } from '../execution/source'
import { openPipeline } from '../query/aggregate'
import type { Collection } from '../storage/collection'
import type { AggregateRequest } from './aggregate-request'
import type { CommandContext } from './command'

/** What the stages `rest` of a request make of `input`. Throws where they cannot be understood. */
export function pipelineSource(
  { engine, store }: Pick<CommandContext, 'engine' | 'store'>,
  request: AggregateRequest,
  rest: readonly Doc[],
  input: Source = new ArraySource([]),
): PipelineSource {
  const { database, variables } = request
  return new PipelineSource(
    ({ isOver, read, held }) =>
      openPipeline(read(input), rest, {
        collection: (name) => read(everythingIn(store.collection(database, name))),
        now: new Date(),
        variables,
        collation: compileCollation(request.collation),
        isOver,
        held,
      }),
    engine.memory,
  )
}

function everythingIn(collection: Collection | undefined): Source {
  if (collection === undefined) return new ArraySource([])
  return findSource(prepareQuery(collection, { filter: {} }), { skip: 0, limit: Infinity })
}
