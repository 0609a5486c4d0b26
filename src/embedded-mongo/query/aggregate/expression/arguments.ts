import { isDoc } from '../../../bson/doc'
import type { Doc } from '../../../bson/doc'
import { spendOn } from '../../../bson/effort'
import { CommandError } from '../../../bson/errors'
import type { Compile, CompileOperation, Evaluate } from './environment'

/** An error by number alone, as most of MongoDB's expression errors are. */
export function located(code: number, message: string): CommandError {
  return new CommandError(code, `Location${code}`, message)
}

/** An operator that takes between `least` and `most` arguments and looks at their values alone. */
export function values(least: number, most: number, apply: (...args: readonly unknown[]) => unknown): CompileOperation {
  return (operand, compile, name) => {
    const args = argumentList(operand, compile, name, least, most)
    const [first, second] = args
    // The common cases, without a list per document.
    if (args.length === 1 && first !== undefined) return (env) => apply(paid(first(env)))
    if (args.length === 2 && first !== undefined && second !== undefined) {
      return (env) => apply(paid(first(env)), paid(second(env)))
    }
    return (env) => apply(...args.map((arg) => paid(arg(env))))
  }
}

/** An argument that an operator will go through. */
export function paid(value: unknown): unknown {
  spendOn(value)
  return value
}

export function argumentList(
  operand: unknown,
  compile: Compile,
  name: string,
  least: number,
  most: number,
): readonly Evaluate[] {
  const given: readonly unknown[] = Array.isArray(operand) ? operand : [operand]
  if (given.length < least || given.length > most) throw wrongCount(name, given.length, least, most)
  return given.map(compile)
}

function wrongCount(name: string, count: number, least: number, most: number): CommandError {
  if (least === most) {
    return located(16020, `Expression ${name} takes exactly ${least} arguments. ${count} were passed in.`)
  }
  return located(
    28667,
    `Expression ${name} takes at least ${least} arguments, and at most ${most}, but ${count} were passed in.`,
  )
}

/** Any number of arguments; one that is no list counts as the list of one. */
export function variadic(apply: (args: readonly unknown[]) => unknown): CompileOperation {
  return (operand, compile) => {
    const args = (Array.isArray(operand) ? operand : [operand]).map(compile)
    return (env) => apply(args.map((arg) => paid(arg(env))))
  }
}

/** An operator with named arguments: which it must and may have. */
export function namedArguments(
  operand: unknown,
  name: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Doc {
  if (!isDoc(operand)) throw located(28646, `${name} only supports an object as its argument`)
  const unknown = Object.keys(operand).find((key) => !required.includes(key) && !optional.includes(key))
  if (unknown !== undefined) throw located(28647, `Unrecognized parameter to ${name}: ${unknown}`)
  const missing = required.find((key) => !(key in operand))
  if (missing !== undefined) throw located(28648, `Missing '${missing}' parameter to ${name}`)
  return operand
}
