import { Int32 } from 'bson'
import { compareValues } from '../../bson/compare'
import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { toNumber } from '../../bson/exact'
import { isNumeric } from '../../bson/types'
import { PAUSE } from '../pause'
import { sortInSlices } from '../sliced-sort'
import { located } from './expression/arguments'
import { compileEvaluation } from './expression/compile'
import { drained } from './flow'
import { compileOutput, groupDoc, newGroup } from './group'
import { checkedResult, environmentOf, requireDoc } from './stage'
import type { Stage, StageContext } from './stage'

interface Placed {
  readonly value: unknown
  readonly doc: Doc
}

const OPTIONS = new Set(['groupBy', 'buckets', 'output', 'granularity'])
const BUCKETS_MAX = 0x7fffffff

/**
 * $bucketAuto: as many buckets as wanted, of about as many documents each; equal values are in one bucket, so that there
 * may be fewer.
 */
export function bucketAuto(spec: unknown, context: StageContext): Stage {
  const fields = requireDoc(spec, 40240, 'The argument to $bucketAuto must be an object')
  const { groupBy, output = { count: { $sum: new Int32(1) } } } = fields
  const unknown = Object.keys(fields).find((name) => !OPTIONS.has(name))
  if (unknown !== undefined) throw located(40245, `Unrecognized option to $bucketAuto: ${unknown}.`)
  if (groupBy === undefined || fields['buckets'] === undefined) {
    throw located(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified.")
  }
  if (!isDoc(groupBy) && !(typeof groupBy === 'string' && groupBy.startsWith('$'))) {
    throw located(40239, "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an expression object")
  }
  const buckets = bucketCount(fields['buckets'])
  const valueOf = compileEvaluation(groupBy)
  const outputs = Object.entries(requireDoc(output, 40244, "The $bucketAuto 'output' field must be an object")).map(
    ([name, operand]) => compileOutput(name, operand, context),
  )
  return function* (docs) {
    const placed: Placed[] = []
    yield* drained(docs, (doc) => {
      context.held.add(doc)
      placed.push({ value: checkedResult(() => valueOf(environmentOf(doc, context))) ?? null, doc })
    })
    const order = (a: Placed, b: Placed): number => compareValues(a.value, b.value, context.collation)
    const sorted = yield* sortInSlices(placed, order, context.isOver)
    const size = Math.max(1, Math.round(sorted.length / buckets))
    for (let at = 0, number = 1; at < sorted.length; number++) {
      const first = sorted[at] as Placed
      const group = newGroup(first.value, outputs)
      let last = first
      for (let count = 0; at < sorted.length; count++, at++) {
        const next = sorted[at] as Placed
        if (count >= size && number < buckets && order(last, next) !== 0) break
        const environment = environmentOf(next.doc, context)
        for (const collector of group.collectors) collector.add(environment)
        last = next
        if (context.isOver()) yield PAUSE
      }
      const bounds = { min: first.value, max: (sorted[at] ?? last).value }
      yield groupDoc({ ...group, id: bounds }, outputs)
    }
  }
}

function bucketCount(value: unknown): number {
  if (!isNumeric(value)) throw located(40241, "The $bucketAuto 'buckets' field must be a numeric value")
  const count = toNumber(value)
  if (!Number.isInteger(count) || count > BUCKETS_MAX) {
    throw located(40242, "The $bucketAuto 'buckets' field must be representable as a 32-bit integer")
  }
  if (count <= 0) throw located(40243, "The $bucketAuto 'buckets' field must be greater than 0")
  return count
}
