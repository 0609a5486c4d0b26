import type { Collation } from '../../bson/collation'
import { compareValues } from '../../bson/compare'
import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { compileSort, topK } from '../sort'
import { located } from './expression/arguments'
import { compileEvaluation } from './expression/compile'
import { isNullish } from './expression/environment'
import type { Environment, Evaluate } from './expression/environment'
import { countOf } from './expression/selections'
import { checkedResult, requireDoc } from './stage'
import type { StageContext } from './stage'

/** What collects the documents of one group for one output field of a $group. */
export interface Collector {
  add(environment: Environment): void
  result(): unknown
}

type Context = Pick<StageContext, 'collation' | 'held'>

/** Some of a group's values, best first. `add` tells whether it keeps the value, or may. */
interface Selection {
  add(value: unknown, doc: Doc): boolean
  result(): readonly unknown[]
}

/** Accumulators that keep the first, last, least or greatest: `{n, input}`, or `{n, sortBy, output}`. */
const OF_VALUES: Readonly<Record<string, (n: number, collation: Collation | undefined) => Selection>> = {
  $firstN: firstN,
  $lastN: lastN,
  $maxN: (n, collation) => extremes(n, -1, collation),
  $minN: (n, collation) => extremes(n, 1, collation),
}
const OF_DOCUMENTS = ['$top', '$topN', '$bottom', '$bottomN']

/** undefined: another kind of accumulator. */
export function compileRanked(operator: string, spec: unknown, context: Context): (() => Collector) | undefined {
  const ofValues = Object.hasOwn(OF_VALUES, operator) ? OF_VALUES[operator] : undefined
  if (ofValues !== undefined) {
    const { n, input } = requireDoc(spec, 5787900, `specification must be an object; found ${operator}`)
    if (input === undefined) throw located(5787907, "Missing value for 'input'")
    const make = (count: number): Selection => ofValues(count, context.collation)
    return collectors({ count: compileCount(n, 5787906), value: compileEvaluation(input), make, context })
  }
  return OF_DOCUMENTS.includes(operator) ? compileOrdered(operator, spec, context) : undefined
}

function compileOrdered(operator: string, spec: unknown, context: Context): () => Collector {
  const { n, sortBy, output } = requireDoc(spec, 5788001, `specification must be an object; found ${operator}`)
  if (sortBy === undefined) throw located(5788005, "Missing value for 'sortBy'")
  if (!isDoc(sortBy)) throw located(10065, 'invalid parameter: expected an object (sortBy)')
  if (output === undefined) throw located(5788004, "Missing value for 'output'")
  const compare = compileSort(sortBy, context.collation)
  const single = !operator.endsWith('N')
  if (single && n !== undefined) throw located(5788002, `Unknown argument to ${operator} 'n'`)
  const fromEnd = operator.startsWith('$bottom')
  const collector = collectors({
    count: single ? () => 1 : compileCount(n, 5788003),
    value: compileEvaluation(output),
    make: (count) => ordered(count, fromEnd ? (a, b) => compare(b, a) : compare, fromEnd),
    context,
  })
  if (!single) return collector
  return () => {
    const list = collector()
    return {
      add: (environment) => {
        list.add(environment)
      },
      result: () => (list.result() as readonly unknown[])[0] ?? null,
    }
  }
}

interface Parts {
  readonly count: (environment: Environment) => number
  readonly value: Evaluate
  readonly make: (count: number) => Selection
  readonly context: Context
}

function collectors({ count, value, make, context }: Parts): () => Collector {
  return () => {
    let selection: Selection | undefined
    let room = 0
    return {
      add: (environment) => {
        if (selection === undefined) {
          room = count(environment)
          selection = make(room)
        }
        const given = checkedResult(() => value(environment))
        // Once as many are kept as ever will be, one comes for one that goes.
        if (selection.add(given, environment.root) && room-- > 0) context.held.add(given)
      },
      result: () => selection?.result() ?? [],
    }
  }
}

function compileCount(n: unknown, missing: number): (environment: Environment) => number {
  if (n === undefined) throw located(missing, "Missing value for 'n'")
  return countOf(compileEvaluation(n))
}

function firstN(n: number): Selection {
  const values: unknown[] = []
  const add = (value: unknown): boolean => values.length < n && values.push(value ?? null) > 0
  return { add, result: () => values }
}

function lastN(n: number): Selection {
  const values: unknown[] = []
  const add = (value: unknown): boolean => {
    values.push(value ?? null)
    if (values.length > n) values.shift()
    return true
  }
  return { add, result: () => values }
}

/** Null and missing do not count. */
function extremes(n: number, direction: 1 | -1, collation: Collation | undefined): Selection {
  const best = topK<unknown>(n, (a, b) => compareValues(a, b, collation) * direction)
  const add = (value: unknown): boolean => {
    if (!isNullish(value)) best.add(value)
    return !isNullish(value)
  }
  return { add, result: () => best.result() }
}

function ordered(n: number, compare: (a: Doc, b: Doc) => number, fromEnd: boolean): Selection {
  const best = topK<{ readonly doc: Doc; readonly value: unknown }>(n, (a, b) => compare(a.doc, b.doc))
  const add = (value: unknown, doc: Doc): boolean => {
    best.add({ doc, value: value ?? null })
    return true
  }
  const values = (): unknown[] => best.result().map(({ value }) => value)
  return { add, result: () => (fromEnd ? values().reverse() : values()) }
}
