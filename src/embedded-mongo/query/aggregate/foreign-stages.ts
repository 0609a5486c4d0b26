import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { toNumber } from '../../bson/exact'
import { isNumeric } from '../../bson/types'
import { costly } from '../guard'
import { PAUSE } from '../pause'
import { bucketAuto } from './bucket-auto'
import { located } from './expression/arguments'
import { compileEvaluation } from './expression/compile'
import { sortStage } from './basic-stages'
import { gathered } from './flow'
import type { Flow } from './flow'
import { mingoStage, promoted } from './mingo-bridge'
import type { MingoOptions } from './mingo-bridge'
import { checkedResult, environmentOf } from './stage'
import type { Stage, StageContext } from './stage'
import { valueMap } from './value-map'

/** Given to mingo at a time, where it sees each document alone. */
const DOCUMENTS_AT_A_TIME = 32
/** How long mingo may take for what it is given at a time: it cannot take turns. */
const FOREIGN_MS_MAX = 40

/**
 * A stage that is mingo's. What it makes of a document alone is made of a few at a time; a window is made of one
 * partition at a time; the others see everything at once. What it is given at a time it must be done with in time, or
 * the pipeline fails.
 */
export function foreignStage(name: string, stage: Doc, context: StageContext): Stage {
  const options: MingoOptions = { variables: promoted(context.variables) as Doc }
  switch (name) {
    case '$densify':
      checkDensify(stage[name])
      break
    case '$bucketAuto': {
      const spec = stage[name]
      if (isDoc(spec) && spec['granularity'] !== undefined) break
      return bucketAuto(spec, context)
    }
    case '$redact':
      return (docs) => fewAtATime(stage, docs, options)
    case '$setWindowFields':
      return (docs) => windows(stage, docs, options, context)
    case '$graphLookup':
      return (docs) => graphLookup(stage, docs, options, context)
  }
  return function* (docs) {
    yield* watched(stage, yield* gathered(docs, context.held), options)
  }
}

/** MongoDB's bound on the documents that $densify makes. */
const DENSIFIED_MAX = 500_000

/** Where the bounds are given it can be told before. */
function checkDensify(spec: unknown): void {
  const range = isDoc(spec) && isDoc(spec['range']) ? spec['range'] : {}
  const { bounds, step } = range
  if (!Array.isArray(bounds) || !isNumeric(step)) return
  const [low = NaN, high = NaN] = bounds.map((bound: unknown) => (isNumeric(bound) ? toNumber(bound) : NaN))
  const wanted = (high - low) / toNumber(step)
  if (!(wanted > DENSIFIED_MAX)) return
  throw located(5897900, `Generated more than ${DENSIFIED_MAX} documents in $densify`)
}

function watched(stage: Doc, docs: readonly Doc[], options: MingoOptions): readonly Doc[] {
  return costly(() => [...mingoStage(stage, docs, options)], FOREIGN_MS_MAX)
}

function* fewAtATime(stage: Doc, docs: Flow, options: MingoOptions): Flow {
  let few: Doc[] = []
  for (const item of docs) {
    if (item !== PAUSE) few.push(item)
    if (item !== PAUSE && few.length < DOCUMENTS_AT_A_TIME) continue
    yield* watched(stage, few, options)
    few = []
    if (item === PAUSE) yield PAUSE
  }
  yield* watched(stage, few, options)
}

function* windows(stage: Doc, docs: Flow, options: MingoOptions, context: StageContext): Flow {
  const spec = stage['$setWindowFields']
  const { partitionBy = null, ...window } = isDoc(spec) ? spec : {}
  const partitionOf = compileEvaluation(partitionBy)
  const partitions = valueMap<Doc[]>(context.collation)
  // Sorted here, in slices: mingo then finds the documents in order already.
  const sorted = isDoc(window['sortBy']) ? sortStage(window['sortBy'], undefined, context)(docs) : docs
  for (const doc of yield* gathered(sorted, context.held)) {
    const key = checkedResult(() => partitionOf(environmentOf(doc, context)))
    partitions.at(key ?? null, () => []).push(doc)
    if (context.isOver()) yield PAUSE
  }
  for (const [, partition] of partitions.entries()) yield* watched({ $setWindowFields: window }, partition, options)
}

function* graphLookup(stage: Doc, docs: Flow, options: MingoOptions, context: StageContext): Flow {
  const spec = stage['$graphLookup']
  const from = isDoc(spec) && typeof spec['from'] === 'string' ? spec['from'] : undefined
  const foreign = from === undefined ? [] : yield* gathered(context.collection(from), context.held)
  const resolved: Doc[] = []
  for (const doc of foreign) {
    resolved.push(promoted(doc) as Doc)
    if (context.isOver()) yield PAUSE
  }
  const resolver: MingoOptions = { ...options, collectionResolver: () => resolved }
  for (const item of docs) {
    if (item === PAUSE) yield PAUSE
    else yield* watched(stage, [item], resolver)
  }
}
