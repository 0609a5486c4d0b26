import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { toNumber } from '../bson/exact'
import { isNumeric } from '../bson/types'

/**
 * What a pipeline begins with that a find can do, on indexes and without reading everything first: `$match`es, `$sort`,
 * `$skip`, `$limit`, in that order. `rest` is what must be done with what is found.
 */
export interface PipelineStart {
  readonly filter: Doc
  readonly sort: Doc | undefined
  readonly skip: number
  /** Infinity: all. */
  readonly limit: number
  readonly rest: readonly Doc[]
}

export function splitPipeline(pipeline: readonly Doc[]): PipelineStart {
  let at = 0
  const take = <T>(stage: string, read: (value: unknown) => T | undefined): T | undefined => {
    const value = pipeline[at]?.[stage]
    const taken = value === undefined ? undefined : read(value)
    if (taken !== undefined) at++
    return taken
  }
  const filters: Doc[] = []
  for (let next = take('$match', asDoc); next !== undefined; next = take('$match', asDoc)) filters.push(next)
  const sort = take('$sort', asSort)
  const skip = take('$skip', asCount) ?? 0
  const limit = take('$limit', asCount) ?? Infinity
  return { filter: conjunction(filters), sort, skip, limit, rest: pipeline.slice(at) }
}

function asDoc(value: unknown): Doc | undefined {
  return isDoc(value) ? value : undefined
}

function asSort(value: unknown): Doc | undefined {
  return isDoc(value) && Object.keys(value).length > 0 && Object.values(value).every(isNumeric) ? value : undefined
}

/** A bound that is no whole number above zero is left for the pipeline to refuse. */
function asCount(value: unknown): number | undefined {
  if (!isNumeric(value)) return undefined
  const count = toNumber(value)
  return Number.isSafeInteger(count) && count > 0 ? count : undefined
}

function conjunction(filters: readonly Doc[]): Doc {
  if (filters.length > 1) return { $and: filters }
  return filters[0] ?? {}
}

/** How a pipeline that only counts what its start finds shows the number. */
export interface CountShape {
  readonly doc: (count: number) => Doc
}

/** `[{$count: 'n'}]`, or the `$group` that drivers make of countDocuments; undefined for any other rest. */
export function countShape(rest: readonly Doc[]): CountShape | undefined {
  const [stage] = rest
  if (rest.length !== 1 || stage === undefined || Object.keys(stage).length !== 1) return undefined
  const field = stage['$count']
  if (typeof field === 'string' && /^[^$.\0][^.\0]*$/.test(field)) return { doc: (count) => ({ [field]: count }) }
  const group = stage['$group']
  if (!isDoc(group)) return undefined
  const [id, sum, ...others] = Object.entries(group)
  if (id?.[0] !== '_id' || !isConstant(id[1]) || sum === undefined || others.length > 0) return undefined
  const [name, accumulator] = sum
  const one = isDoc(accumulator) && Object.keys(accumulator).length === 1 ? accumulator['$sum'] : undefined
  if (!isNumeric(one) || toNumber(one) !== 1) return undefined
  return { doc: (count) => ({ _id: id[1], [name]: count }) }
}

function isConstant(value: unknown): boolean {
  return value === null || isNumeric(value)
}
