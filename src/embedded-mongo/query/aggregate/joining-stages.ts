import { getField, isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { failedToParse } from '../../bson/errors'
import { isArrayIndex, onPath } from '../path'
import { PAUSE } from '../pause'
import type { Pause } from '../pause'
import { beginsWithDocuments, documentsOfCollection } from './documents'
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
  checkBeginning('$unionWith', coll, pipeline)
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
  const stages = Object.entries(facets).map(([name, pipeline]) => {
    if (beginsWithDocuments(pipeline)) {
      throw located(40600, '$documents is not allowed to be used within a $facet stage')
    }
    return { name, stage: subPipeline('$facet', pipeline, context, context.variables) }
  })
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

/** Without a collection a pipeline brings its own documents; with one it does not. */
function checkBeginning(name: string, collection: unknown, pipeline: unknown): void {
  if (beginsWithDocuments(pipeline) === (collection === undefined)) return
  if (collection !== undefined) throw documentsOfCollection()
  throw failedToParse(`${name} stage without explicit collection must have a pipeline with $documents as first stage`)
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
  const shared = compileForeign(lookup, context, context.variables)
  return function* (docs) {
    const isFixed = from !== undefined || bindings.length === 0
    const fixed = isFixed ? yield* joinBy(lookup, yield* gathered(shared.docs(), context.held), context) : undefined
    for (const item of docs) {
      if (item === PAUSE) {
        yield PAUSE
        continue
      }
      const foreign =
        bindings.length === 0 ? shared : compileForeign(lookup, context, boundVariables(lookup, item, context))
      const joined = fixed ?? (yield* joinBy(lookup, yield* drawn(foreign.docs()), context))
      yield replaced(item, as, yield* drawn(foreign.stage(joined(item))))
    }
  }
}

/** What is joined with, and the pipeline that the part of it which joins goes through. */
interface Foreign {
  readonly docs: () => Flow
  readonly stage: Stage
}

function compileForeign({ from, join, pipeline }: Lookup, context: StageContext, variables: Doc): Foreign {
  const stage = subPipeline('$lookup', pipeline, context, variables)
  if (from !== undefined) return { docs: () => context.collection(from), stage }
  if (join === undefined) return { docs: () => [], stage }
  // What the fields of a join choose from are the documents that the pipeline begins with.
  const [documents, ...rest] = pipeline as readonly [Doc, ...Doc[]]
  return {
    docs: () => context.compile([documents], variables)([]),
    stage: context.compile(rest, variables),
  }
}

function parseLookup(spec: Doc): Lookup {
  const { from, as, localField, foreignField, let: variables = {}, pipeline } = spec
  if (from !== undefined && typeof from !== 'string') throw failedToParse("$lookup argument 'from' must be a string")
  if (typeof as !== 'string') throw failedToParse("must specify 'as' field for a $lookup")
  if (from === undefined && pipeline === undefined) throw failedToParse("must specify 'pipeline' when 'from' is empty")
  checkBeginning('$lookup', from, pipeline)
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
 * The foreign documents that equal the local value, or one of its elements; all, where nothing joins. They are hashed by
 * value once, so that a join costs the sum of both sides.
 */
function* joinBy(
  { join }: Lookup,
  foreign: readonly Doc[],
  { collation, isOver }: StageContext,
): Generator<Pause, (doc: Doc) => readonly Doc[]> {
  if (join === undefined) return () => foreign
  const { localField, foreignField } = join
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
