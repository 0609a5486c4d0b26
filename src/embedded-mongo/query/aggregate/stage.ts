import { boundedSize } from '../../bson/bounded-size'
import type { Collation } from '../../bson/collation'
import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { CommandError } from '../../bson/errors'
import { toNumber } from '../../bson/exact'
import { isNumeric } from '../../bson/types'
import { located } from './expression/arguments'
import type { Environment } from './expression/environment'
import { guarded } from '../guard'
import type { IsOver } from '../pause'
import type { Flow, HeldBytes } from './flow'
import { mingoHasStage } from './mingo-bridge'

/** What every stage of one pipeline shares. */
export interface StageContext {
  collection(name: string): Flow
  readonly variables: Doc
  readonly now: Date
  readonly collation: Collation | undefined
  readonly isOver: IsOver
  /** What the whole pipeline holds in memory. */
  readonly held: HeldBytes
  /** Compiles a pipeline within this one: $lookup, $facet, $unionWith. */
  compile(pipeline: readonly Doc[], variables: Doc): Stage
}

/** One compiled stage, or several. Lazy: what is not asked for is not computed. */
export type Stage = (docs: Flow) => Flow

/** Compiles the specification of one stage. Throws CommandError. */
export type CompileStage = (spec: unknown, context: StageContext) => Stage

/** The stages that the engine runs itself. */
const OWN_STAGES = new Set([
  '$addFields',
  '$count',
  '$documents',
  '$facet',
  '$group',
  '$limit',
  '$lookup',
  '$match',
  '$project',
  '$replaceRoot',
  '$replaceWith',
  '$sample',
  '$set',
  '$skip',
  '$sort',
  '$sortByCount',
  '$unionWith',
  '$unset',
  '$unwind',
])

/** The operator of a stage. Throws 40323 when there is not exactly one and 40324 when nobody knows it. */
export function stageName(stage: unknown): string {
  const names = isDoc(stage) ? Object.keys(stage) : []
  const [name] = names
  if (name === undefined || names.length > 1) {
    throw located(40323, 'A pipeline stage specification object must contain exactly one field.')
  }
  if (!OWN_STAGES.has(name) && !mingoHasStage(name)) throw located(40324, `Unrecognized pipeline stage name: '${name}'`)
  return name
}

export function environmentOf(doc: Doc, context: Pick<StageContext, 'variables' | 'now'>): Environment {
  return { root: doc, variables: context.variables, now: context.now }
}

/** Twice what a document may have, as the count is a rough one. */
const RESULT_BYTES_MAX = 32 * 1_024 * 1_024

/** What an expression or a stage makes of one document: it may neither take for ever nor grow without end. */
export function checkedResult<T>(make: () => T): T {
  return guarded(() => {
    const result = make()
    if (typeof result === 'object') boundedSize(result, RESULT_BYTES_MAX)
    return result
  })
}

/** A count of documents: whole and, unless `least` says otherwise, positive. */
export function documentCount(
  name: string,
  spec: unknown,
  least: number,
  codes: { type: number; least: number },
): number {
  const count = isNumeric(spec) ? toNumber(spec) : NaN
  if (!Number.isInteger(count)) {
    throw located(codes.type, `invalid argument to ${name} stage: Expected an integer`)
  }
  if (count < least) {
    throw located(
      codes.least,
      least > 0
        ? 'the limit must be positive'
        : `invalid argument to ${name} stage: Expected a non-negative number in: ${name}: ${count}`,
    )
  }
  return count
}

export function requireDoc(spec: unknown, code: number, message: string): Doc {
  if (isDoc(spec)) return spec
  throw new CommandError(code, `Location${code}`, message)
}
