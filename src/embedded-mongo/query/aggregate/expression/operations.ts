import { Double, Long } from 'bson'
import { isDoc } from '../../../bson/doc'
import { CommandError, notImplemented } from '../../../bson/errors'
import { toNumber } from '../../../bson/exact'
import { isNumeric } from '../../../bson/types'
import { mingoExpression, mingoHasExpression } from '../mingo-bridge'
import { ARITHMETIC } from './arithmetic'
import { ARRAYS } from './arrays'
import { CONVERSION } from './conversion'
import type { CompileOperation, Evaluate } from './environment'
import { LOGIC } from './logic'
import { OBJECTS } from './objects'
import { SELECTIONS } from './selections'
import { STATISTICS } from './statistics'

/** What the engine evaluates itself, so that the types of numbers survive. The rest is mingo's. */
const OPERATIONS: Readonly<Record<string, CompileOperation>> = {
  ...ARITHMETIC,
  ...ARRAYS,
  ...CONVERSION,
  ...LOGIC,
  ...OBJECTS,
  ...SELECTIONS,
  ...STATISTICS,
}

/** These run a client's program, which this server does not do. */
const PROGRAMS = new Set(['$function', '$accumulator', '$where'])

export function operationNamed(name: string): CompileOperation {
  if (Object.hasOwn(OPERATIONS, name)) return OPERATIONS[name] as CompileOperation
  if (PROGRAMS.has(name)) throw notImplemented(`${name} is not supported: this server runs no JavaScript of clients`)
  if (mingoHasExpression(name)) return byMingo
  throw new CommandError(168, 'InvalidPipelineOperator', `Unrecognized expression '${name}'`)
}

/** Results that are doubles, or longs, even when they are whole. */
const DOUBLE_RESULTS = /^\$(a?(cos|sin|tan)h?|atan2|degreesToRadians|radiansToDegrees|log|sigmoid|median)$/
const LONG_RESULTS = new Set(['$dateDiff', '$toHashedIndexKey'])

const byMingo: CompileOperation = (operand, compile, name) => {
  // Named arguments are evaluated one by one: the object that holds them is no value.
  const named = isDoc(operand) && !Object.keys(operand).some((key) => key.startsWith('$'))
  const args: Evaluate = named ? namedEvaluation(operand, compile) : compile(operand)
  return (env) => {
    const result = mingoExpression(name, args(env))
    if (!isNumeric(result)) return result
    if (DOUBLE_RESULTS.test(name)) return new Double(toNumber(result))
    return LONG_RESULTS.has(name) ? Long.fromNumber(toNumber(result)) : result
  }
}

function namedEvaluation(operand: Readonly<Record<string, unknown>>, compile: (part: unknown) => Evaluate): Evaluate {
  const parts = Object.entries(operand).map(([key, part]) => ({ key, evaluate: compile(part) }))
  return (env) => Object.fromEntries(parts.map(({ key, evaluate }) => [key, evaluate(env)]))
}
