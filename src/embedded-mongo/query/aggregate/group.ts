import { Int32 } from 'bson'
import { compareValues } from '../../bson/compare'
import { isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { notImplemented } from '../../bson/errors'
import { ACCUMULATORS } from './accumulators'
import type { Accumulator } from './accumulators'
import { located } from './expression/arguments'
import { compileEvaluation } from './expression/compile'
import type { Environment, Evaluate } from './expression/environment'
import { costly } from '../guard'
import type { Pause } from '../pause'
import { drained } from './flow'
import type { Flow } from './flow'
import { mingoAccumulator, mingoHasAccumulator } from './mingo-bridge'
import { compileRanked } from './ranked'
import type { Collector } from './ranked'
import { checkedResult, environmentOf, requireDoc } from './stage'
import type { CompileStage, StageContext } from './stage'
import { valueMap } from './value-map'

export interface OutputField {
  readonly name: string
  collector(): Collector
}

export interface Group {
  readonly id: unknown
  readonly collectors: readonly Collector[]
}

export const compileGroup: CompileStage = (spec, context) => {
  const fields = requireDoc(spec, 15947, "a group's fields must be specified in an object")
  if (!('_id' in fields)) throw located(15955, 'a group specification must include an _id')
  const id = fields['_id']
  const idOf = compileEvaluation(id)
  const outputs = Object.entries(fields)
    .filter(([name]) => name !== '_id')
    .map(([name, operand]) => compileOutput(name, operand, context))
  return function* (docs) {
    const groups = isConstant(id) ? collectAll(docs, id, outputs, context) : collect(docs, idOf, outputs, context)
    for (const group of yield* groups) yield groupDoc(group, outputs)
  }
}

/** `_id: null` and `_id: 1`, with which a driver counts: all documents are one group. */
function isConstant(id: unknown): boolean {
  return !isDoc(id) && !Array.isArray(id) && !(typeof id === 'string' && id.startsWith('$'))
}

function* collectAll(
  docs: Flow,
  id: unknown,
  outputs: readonly OutputField[],
  context: StageContext,
): Generator<Pause, readonly Group[]> {
  let group: Group | undefined
  yield* drained(docs, (doc) => {
    group ??= newGroup(id ?? null, outputs)
    const environment = environmentOf(doc, context)
    for (const collector of group.collectors) collector.add(environment)
  })
  return group === undefined ? [] : [group]
}

export function newGroup(id: unknown, outputs: readonly OutputField[]): Group {
  return { id, collectors: outputs.map((output) => output.collector()) }
}

function* collect(
  docs: Flow,
  idOf: Evaluate,
  outputs: readonly OutputField[],
  context: StageContext,
): Generator<Pause, readonly Group[]> {
  const groups = valueMap<Group>(context.collation)
  yield* drained(docs, (doc) => {
    const environment = environmentOf(doc, context)
    // Documents without the key are of the group null.
    const id = checkedResult(() => idOf(environment)) ?? null
    const group = groups.at(id, () => {
      context.held.add(id)
      return newGroup(id, outputs)
    })
    for (const collector of group.collectors) collector.add(environment)
  })
  return Array.from(groups.entries(), ([, group]) => group)
}

export function groupDoc({ id, collectors }: Group, outputs: readonly OutputField[]): Doc {
  const result: Doc = { _id: id }
  outputs.forEach(({ name }, i) => {
    setField(result, name, collectors[i]?.result())
  })
  return result
}

export function compileOutput(name: string, operand: unknown, context: StageContext): OutputField {
  if (name.includes('.')) throw located(40235, `The field name '${name}' cannot contain '.'`)
  if (name.startsWith('$')) throw located(40236, `The field name '${name}' cannot be an operator name`)
  const entries = isDoc(operand) ? Object.entries(operand) : []
  const [entry] = entries
  if (entry === undefined) throw located(40234, `The field '${name}' must be an accumulator object`)
  if (entries.length > 1) throw located(40238, `The field '${name}' must specify one accumulator`)
  const [operator, argument] = entry
  if (Object.hasOwn(ACCUMULATORS, operator)) return ownOutput(name, operator, argument, context)
  const ranked = compileRanked(operator, argument, context)
  if (ranked !== undefined) return { name, collector: ranked }
  if (operator === '$accumulator') {
    throw notImplemented('$accumulator is not supported: this server runs no JavaScript of clients')
  }
  if (!mingoHasAccumulator(operator)) throw located(15952, `unknown group operator '${operator}'`)
  return { name, collector: () => mingoCollector(operator, argument, context) }
}

/** They keep every value that they are given, or nearly so. */
const KEEPING = new Set(['$addToSet', '$mergeObjects', '$push'])

function ownOutput(name: string, operator: string, argument: unknown, { held }: StageContext): OutputField {
  const make = ACCUMULATORS[operator] as () => Accumulator
  const evaluate = compileEvaluation(operator === '$count' ? null : argument)
  return {
    name,
    collector: () => {
      const accumulator = make()
      const add = (environment: Environment): void => {
        const value = checkedResult(() => evaluate(environment))
        if (KEEPING.has(operator)) held.add(value)
        accumulator.add(value)
      }
      return { add, result: () => accumulator.result() }
    },
  }
}

function mingoCollector(operator: string, argument: unknown, context: StageContext): Collector {
  const docs: Doc[] = []
  return {
    add: ({ root }) => {
      context.held.add(root)
      docs.push(root)
    },
    result: () => costly(() => mingoAccumulator(operator, argument, docs, context.variables)) ?? null,
  }
}

/** $sortByCount: groups by an expression, the largest group first. */
export const compileSortByCount: CompileStage = (spec, context) =>
  context.compile([{ $group: { _id: spec, count: { $count: {} } } }, { $sort: { count: -1 } }], context.variables)

/** $bucket: a $group by ranges, in their order. */
export const compileBucket: CompileStage = (spec, context) => {
  const {
    groupBy,
    boundaries,
    default: otherwise,
    output = { count: { $sum: new Int32(1) } },
  } = requireDoc(spec, 40201, 'Argument to $bucket stage must be an object')
  if (groupBy === undefined || !Array.isArray(boundaries)) {
    throw located(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.")
  }
  if (boundaries.length < 2) throw located(40192, "The $bucket 'boundaries' field must have at least 2 values")
  const [first, ...uppers] = boundaries as readonly unknown[]
  const branches = uppers.map((upper, i) => {
    const lower = i === 0 ? first : uppers[i - 1]
    if (compareValues(lower, upper) >= 0) throw located(40194, "The 'boundaries' option to $bucket must be sorted")
    const bounds = [{ $gte: [groupBy, { $literal: lower }] }, { $lt: [groupBy, { $literal: upper }] }]
    return { case: { $and: bounds }, then: { $literal: lower } }
  })
  const id = { $switch: { branches, ...(otherwise === undefined ? {} : { default: { $literal: otherwise } }) } }
  const fields = requireDoc(output, 40196, "The $bucket 'output' field must be an object")
  return context.compile([{ $group: { _id: id, ...fields } }, { $sort: { _id: new Int32(1) } }], context.variables)
}
