import { getField, isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { failedToParse } from '../../bson/errors'
import { isArrayIndex, onPath } from '../path'
import { PAUSE } from '../pause'
import type { Pause } from '../pause'
import { located } from './expression/arguments'
import { compileEvaluation } from './expression/compile'
import type { Evaluate } from './expression/environment'
import { checkedResult, environmentOf, requireDoc } from './stage'
import type { CompileStage, Stage, StageContext } from './stage'
import { drained, gathered } from './flow'
import type { Flow } from './flow'
import { replaced } from './unwind'
import { valueMap } from './value-map'

/** $unionWith: `'name'` or `{coll, pipeline}`; its documents follow. */
export const compileUnionWith: CompileStage = (spec, context) => {
  const { coll, pipeline } = isDoc(spec) ? spec : { coll: spec, pipeline: undefined }
  const stage = subPipeline('$unionWith', pipeline, context, context.variables)
  if (coll !== undefined && typeof coll !== 'string') throw failedToParse('$unionWith: coll must be a string')
  return function* (docs) {
    yield* docs
    yield* stage(coll === undefined ? [] : context.collection(coll))
  }
}

/** $facet: each of several pipelines over the same documents. */
export const compileFacet: CompileStage = (spec, context) => {
  const facets = requireDoc(spec, 40169, 'the $facet specification must be a non-empty object')
  const stages = Object.entries(facets).map(([name, pipeline]) => ({
    name,
    stage: subPipeline('$facet', pipeline, context, context.variables),
  }))
  if (stages.length === 0) throw located(40169, 'the $facet specification must be a non-empty object')
  return function* (docs) {
    const all = yield* gathered(docs, context.held)
    const result: Doc = {}
    for (const { name, stage } of stages) setField(result, name, yield* gathered(stage(all), context.held))
    yield result
  }
}

/** What is joined to one document; it goes with that document, and is not held. */
function* drawn(flow: Flow): Generator<Pause, Doc[]> {
  const docs: Doc[] = []
  yield* drained(flow, (doc) => docs.push(doc))
  return docs
}

function subPipeline(name: string, pipeline: unknown, context: StageContext, variables: Doc): Stage {
  if (pipeline === undefined) return (docs) => docs
  if (!Array.isArray(pipeline)) throw failedToParse(`${name} argument 'pipeline' must be an array`)
  return context.compile(pipeline as readonly Doc[], variables)
}

interface Lookup {
  readonly from: string | undefined
  readonly as: readonly string[]
  readonly join: { readonly localField: string; readonly foreignField: string } | undefined
  readonly pipeline: unknown
  readonly bindings: readonly { readonly name: string; readonly evaluate: Evaluate }[]
}

/** $lookup by equality, by a pipeline with `let`, or by both. */
export const compileLookup: CompileStage = (spec, context) => {
  const lookup = parseLookup(requireDoc(spec, 9, 'the $lookup specification must be an object'))
  const { from, as, bindings } = lookup
  // Compiled once more for every document when it has variables of its own; here for its errors.
  const shared = subPipeline('$lookup', lookup.pipeline, context, context.variables)
  return function* (docs) {
    const foreign = from === undefined ? [] : yield* gathered(context.collection(from), context.held)
    const joined = lookup.join === undefined ? () => foreign : yield* joinBy(lookup.join, foreign, context)
    for (const item of docs) {
      if (item === PAUSE) {
        yield PAUSE
        continue
      }
      const stage =
        bindings.length === 0
          ? shared
          : subPipeline('$lookup', lookup.pipeline, context, boundVariables(lookup, item, context))
      yield replaced(item, as, yield* drawn(stage(joined(item))))
    }
  }
}

function parseLookup(spec: Doc): Lookup {
  const { from, as, localField, foreignField, let: variables = {}, pipeline } = spec
  if (from !== undefined && typeof from !== 'string') throw failedToParse("$lookup argument 'from' must be a string")
  if (typeof as !== 'string') throw failedToParse("must specify 'as' field for a $lookup")
  if (from === undefined && pipeline === undefined) throw failedToParse("must specify 'from' field for a $lookup")
  if (!isDoc(variables)) throw failedToParse("$lookup argument 'let' must be an object")
  const both = typeof localField === 'string' && typeof foreignField === 'string'
  if (!both && (localField !== undefined || foreignField !== undefined || pipeline === undefined)) {
    throw failedToParse("$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified")
  }
  return {
    from,
    as: as.split('.'),
    join: both ? { localField, foreignField } : undefined,
    pipeline,
    bindings: Object.entries(variables).map(([name, part]) => ({ name, evaluate: compileEvaluation(part) })),
  }
}

function boundVariables({ bindings }: Lookup, doc: Doc, context: StageContext): Doc {
  const environment = environmentOf(doc, context)
  const bound = bindings.map(({ name, evaluate }) => [name, checkedResult(() => evaluate(environment))] as const)
  return { ...context.variables, ...Object.fromEntries(bound) }
}

/**
 * The foreign documents that equal the local value, or one of its elements. They are hashed by value once, so that a
 * join costs the sum of both sides.
 */
function* joinBy(
  { localField, foreignField }: { readonly localField: string; readonly foreignField: string },
  foreign: readonly Doc[],
  { collation, isOver }: StageContext,
): Generator<Pause, (doc: Doc) => readonly Doc[]> {
  const remote = foreignValues(foreignField)
  const segments = localField.split('.')
  const byValue = valueMap<Set<number>>(collation)
  for (const [i, doc] of foreign.entries()) {
    for (const value of remote(doc)) byValue.at(value, () => new Set()).add(i)
    if (isOver()) yield PAUSE
  }
  return (doc) => {
    const found = new Set<number>()
    for (const value of localValues(doc, segments)) {
      for (const i of byValue.at(value, () => new Set<number>())) found.add(i)
    }
    return [...found].sort((a, b) => a - b).map((i) => foreign[i] as Doc)
  }
}

/** What an equality on the path would compare with: an array's elements, and the array as a whole. */
function foreignValues(path: string): (doc: Doc) => readonly unknown[] {
  let values: unknown[] = []
  const visit = onPath(path, 'each', (value) => {
    values.push(value ?? null)
    return false
  })
  return (doc) => {
    values = []
    visit(doc)
    return values
  }
}

/** An array joins by its elements alone. What is missing is left out; where nothing is left, it is null that joins. */
function localValues(doc: Doc, segments: readonly string[]): readonly unknown[] {
  const values: unknown[] = []
  const visit = (value: unknown, at: number): void => {
    const segment = segments[at]
    if (Array.isArray(value)) {
      // One by one: a call takes only so many arguments.
      if (segment === undefined) for (const element of value) values.push(element)
      else if (isArrayIndex(segment)) visit(value[Number(segment)], at + 1)
      else for (const element of value) if (isDoc(element)) visit(element, at)
    } else if (segment === undefined) {
      if (value !== undefined) values.push(value)
    } else if (isDoc(value)) visit(getField(value, segment), at + 1)
  }
  visit(doc, 0)
  return values.length > 0 ? values : [null]
}
