import type { Doc } from '../../../bson/doc'
import { toNumber } from '../../../bson/exact'
import { isNumeric } from '../../../bson/types'

/** What an expression is evaluated in. */
export interface Environment {
  /** `$$ROOT` and, but for $redact, `$$CURRENT`. */
  readonly root: Doc
  /** By name, without the dollars. */
  readonly variables: Doc
  readonly now: Date
}

/** A compiled expression; undefined stands for a missing value. */
export type Evaluate = (environment: Environment) => unknown

/** Compiles a part of an expression; operators are given it for their arguments. */
export type Compile = (expression: unknown) => Evaluate

/** Compiles the operand of one operator. Throws CommandError. */
export type CompileOperation = (operand: unknown, compile: Compile, name: string) => Evaluate

/** What conditions take for true: everything but false, null, missing and zero. */
export function isTruthy(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return !isNumeric(value) || toNumber(value) !== 0
}

export function isNullish(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

export function withVariables(environment: Environment, variables: Doc): Environment {
  return { ...environment, variables: { ...environment.variables, ...variables } }
}
