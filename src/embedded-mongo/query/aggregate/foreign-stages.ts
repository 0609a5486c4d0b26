import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { PAUSE } from '../pause'
import { compileEvaluation } from './expression/compile'
import { sortStage } from './basic-stages'
import { gathered, paced } from './flow'
import type { Flow } from './flow'
import { mingoStage, promoted } from './mingo-bridge'
import type { MingoOptions } from './mingo-bridge'
import { environmentOf } from './stage'
import type { Stage, StageContext } from './stage'
import { valueMap } from './value-map'

/**
 * A stage that is mingo's. What it makes of a document alone is made of one at a time; a window is made of one partition
 * at a time; the others see everything at once. Nothing stops mingo within one call: it takes as long as it takes.
 */
export function foreignStage(name: string, stage: Doc, context: StageContext): Stage {
  const options: MingoOptions = { variables: promoted(context.variables) as Doc }
  switch (name) {
    case '$redact':
      return function* (docs) {
        for (const item of docs) {
          if (item === PAUSE) yield PAUSE
          else yield* mingoStage(stage, [item], options)
        }
      }
    case '$setWindowFields':
      return (docs) => windows(stage, docs, options, context)
    case '$graphLookup':
      return (docs) => graphLookup(stage, docs, options, context)
    default:
      return function* (docs) {
        yield* mingoStage(stage, yield* gathered(docs, context.held), options)
      }
  }
}

function* windows(stage: Doc, docs: Flow, options: MingoOptions, context: StageContext): Flow {
  const spec = stage['$setWindowFields']
  const { partitionBy = null, ...window } = isDoc(spec) ? spec : {}
  const partitionOf = compileEvaluation(partitionBy)
  const partitions = valueMap<Doc[]>(context.collation)
  // Sorted here, in slices: mingo then finds the documents in order already.
  const sorted = isDoc(window['sortBy']) ? sortStage(window['sortBy'], undefined, context)(docs) : docs
  for (const doc of yield* gathered(sorted, context.held)) {
    partitions.at(partitionOf(environmentOf(doc, context)) ?? null, () => []).push(doc)
    if (context.isOver()) yield PAUSE
  }
  for (const [, partition] of partitions.entries()) {
    yield* paced(mingoStage({ $setWindowFields: window }, partition, options), context.isOver)
  }
}

function* graphLookup(stage: Doc, docs: Flow, options: MingoOptions, context: StageContext): Flow {
  const spec = stage['$graphLookup']
  const from = isDoc(spec) && typeof spec['from'] === 'string' ? spec['from'] : undefined
  const foreign = from === undefined ? [] : yield* gathered(context.collection(from), context.held)
  const resolved = foreign.map((doc) => promoted(doc) as Doc)
  const resolver: MingoOptions = { ...options, collectionResolver: () => resolved }
  for (const item of docs) {
    if (item === PAUSE) yield PAUSE
    else yield* mingoStage(stage, [item], resolver)
  }
}
