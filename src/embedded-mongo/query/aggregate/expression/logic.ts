import { Int32 } from 'bson'
import { compareValues } from '../../../bson/compare'
import { isDoc } from '../../../bson/doc'
import { argumentList, located, namedArguments, values } from './arguments'
import type { CompileOperation, Evaluate } from './environment'
import { isNullish, isTruthy, withVariables } from './environment'

/** Expressions tell missing from null, which lies above it. */
export function compareResults(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  return compareValues(a, b)
}

function comparison(test: (order: number) => boolean): CompileOperation {
  return values(2, 2, (a, b) => test(compareResults(a, b)))
}

const all: CompileOperation = (operand, compile) => {
  const parts = (Array.isArray(operand) ? operand : [operand]).map(compile)
  return (env) => parts.every((part) => isTruthy(part(env)))
}

const any: CompileOperation = (operand, compile) => {
  const parts = (Array.isArray(operand) ? operand : [operand]).map(compile)
  return (env) => parts.some((part) => isTruthy(part(env)))
}

const conditional: CompileOperation = (operand, compile, name) => {
  const [test, yes, no] = (
    isDoc(operand)
      ? ['if', 'then', 'else'].map((key) => namedArguments(operand, name, ['if', 'then', 'else'])[key]).map(compile)
      : argumentList(operand, compile, name, 3, 3)
  ) as [Evaluate, Evaluate, Evaluate]
  return (env) => (isTruthy(test(env)) ? yes(env) : no(env))
}

const ifNull: CompileOperation = (operand, compile, name) => {
  const parts = argumentList(operand, compile, name, 2, Infinity)
  return (env) => {
    let value: unknown
    for (const part of parts) {
      value = part(env)
      if (!isNullish(value)) return value
    }
    return value
  }
}

const choose: CompileOperation = (operand, compile, name) => {
  const named = namedArguments(operand, name, ['branches'], ['default'])
  const branches = named['branches']
  if (!Array.isArray(branches) || branches.length === 0) throw located(40068, '$switch requires at least one branch')
  const cases = branches.map((branch: unknown) => {
    const { case: test, then } = namedArguments(branch, name, ['case', 'then'])
    return { test: compile(test), then: compile(then) }
  })
  const otherwise = 'default' in named ? compile(named['default']) : undefined
  return (env) => {
    const found = cases.find(({ test }) => isTruthy(test(env)))
    if (found !== undefined) return found.then(env)
    if (otherwise !== undefined) return otherwise(env)
    throw located(40066, '$switch could not find a matching branch for an input, and no default was specified')
  }
}

const bind: CompileOperation = (operand, compile, name) => {
  const { vars, in: body } = namedArguments(operand, name, ['vars', 'in'])
  if (!isDoc(vars)) throw located(16875, 'invalid parameter: expected an object (vars)')
  const bindings = Object.entries(vars).map(([variable, part]) => ({ variable, evaluate: compile(part) }))
  const result = compile(body)
  return (env) =>
    result(withVariables(env, Object.fromEntries(bindings.map(({ variable, evaluate }) => [variable, evaluate(env)]))))
}

export const LOGIC: Readonly<Record<string, CompileOperation>> = {
  $and: all,
  $cmp: values(2, 2, (a, b) => new Int32(Math.sign(compareResults(a, b)))),
  $cond: conditional,
  $eq: comparison((order) => order === 0),
  $gt: comparison((order) => order > 0),
  $gte: comparison((order) => order >= 0),
  $ifNull: ifNull,
  $let: bind,
  $literal: (operand) => () => operand,
  $lt: comparison((order) => order < 0),
  $lte: comparison((order) => order <= 0),
  $ne: comparison((order) => order !== 0),
  $not: values(1, 1, (value) => !isTruthy(value)),
  $or: any,
  $switch: choose,
}
