import type { Doc } from '../../bson/doc'
import { wholeNumber } from '../arithmetic'
import { compileFilter } from '../filter'
import { PAUSE } from '../pause'
import { sortInSlices } from '../sliced-sort'
import { compileSort, topK } from '../sort'
import { bindVariables } from './bind-variables'
import { located } from './expression/arguments'
import { drained, gathered, mapped } from './flow'
import { documentCount, requireDoc } from './stage'
import type { CompileStage, Stage } from './stage'

export const compileMatch: CompileStage = (spec, { collation, variables }) => {
  const bound = bindVariables(requireDoc(spec, 15959, 'the match filter must be an expression in an object'), variables)
  const filter = compileFilter(bound, { collation })
  return (docs) => mapped(docs, (doc) => (filter.matches(doc) ? doc : undefined))
}

export const compileSortStage: CompileStage = (spec, context) => sortStage(spec, undefined, context)

/** With the limit of a $limit that follows, only so many documents are held. */
export function sortStage(spec: unknown, limit: number | undefined, context: Parameters<CompileStage>[1]): Stage {
  const fields = requireDoc(spec, 15973, 'the $sort key specification must be an object')
  if (Object.keys(fields).length === 0) throw located(15976, '$sort stage must have at least one sort key')
  const order = compileSort(fields, context.collation)
  return function* (docs) {
    const { held, isOver } = context
    if (limit === undefined) {
      yield* yield* sortInSlices(yield* gathered(docs, held), order, isOver)
      return
    }
    const best = topK(limit, order)
    let seen = 0
    yield* drained(docs, (doc) => {
      // Once as many are kept as ever will be, one comes for one that goes.
      if (seen++ < limit) held.add(doc)
      best.add(doc)
    })
    yield* yield* best.resultInSlices(isOver)
  }
}

export function limitOf(spec: unknown): number {
  return documentCount('$limit', spec, 1, { type: 2107201, least: 15958 })
}

export const compileLimit: CompileStage = (spec) => {
  const limit = limitOf(spec)
  return function* (docs) {
    let left = limit
    for (const item of docs) {
      yield item
      if (item !== PAUSE && --left === 0) return
    }
  }
}

export const compileSkip: CompileStage = (spec) => {
  const skip = documentCount('$skip', spec, 0, { type: 5107200, least: 5107200 })
  return (docs) => {
    let left = skip
    return mapped(docs, (doc) => (left-- > 0 ? undefined : doc))
  }
}

export const compileCount: CompileStage = (spec) => {
  if (typeof spec !== 'string') throw located(40156, 'the count field must be a non-empty string')
  if (spec === '') throw located(40157, 'the count field must be a non-empty string')
  if (spec.startsWith('$')) throw located(40158, 'the count field cannot be a $-prefixed path')
  if (spec.includes('.')) throw located(40160, "the count field cannot contain '.'")
  return function* (docs) {
    let count = 0
    yield* drained(docs, () => count++)
    if (count > 0) yield { [spec]: wholeNumber(count) }
  }
}

/** $sample: `size` documents at random, in random order; memory bounded by `size`. */
export const compileSample: CompileStage = (spec, { held, isOver }) => {
  const { size } = requireDoc(spec, 28745, 'the $sample stage specification must be an object')
  const wanted = documentCount('$sample', size, 0, { type: 28746, least: 28747 })
  return function* (docs) {
    const drawn = topK<{ doc: Doc; at: number }>(wanted, (a, b) => a.at - b.at)
    let seen = 0
    yield* drained(docs, (doc) => {
      if (seen++ < wanted) held.add(doc)
      drawn.add({ doc, at: Math.random() })
    })
    for (const { doc } of yield* drawn.resultInSlices(isOver)) yield doc
  }
}
