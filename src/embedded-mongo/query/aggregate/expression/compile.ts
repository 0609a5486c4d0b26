import { isDoc, setField } from '../../../bson/doc'
import type { Doc } from '../../../bson/doc'
import { CommandError } from '../../../bson/errors'
import { QUERY_DEPTH_MAX } from '../../limits'
import { located } from './arguments'
import type { Compile, Evaluate } from './environment'
import { operationNamed } from './operations'
import { compilePath } from './path'

/**
 * Compiles an aggregation expression. It works on values as they are stored, so that an int stays an int and a double
 * a double. Throws CommandError: 168 for an operator that is unknown.
 * https://www.mongodb.com/docs/manual/reference/operator/aggregation/
 */
export function compileEvaluation(expression: unknown): Evaluate {
  return compileAt(expression, 0)
}

function compileAt(expression: unknown, depth: number): Evaluate {
  if (depth > QUERY_DEPTH_MAX) {
    throw new CommandError(15, 'Overflow', `An expression may nest at most ${QUERY_DEPTH_MAX} deep`)
  }
  const compile: Compile = (part) => compileAt(part, depth + 1)
  if (typeof expression === 'string' && expression.startsWith('$')) return compilePath(expression)
  if (Array.isArray(expression)) return compileArray(expression, compile)
  if (isDoc(expression)) return compileObject(expression, compile)
  return () => expression
}

function compileArray(elements: readonly unknown[], compile: Compile): Evaluate {
  const parts = elements.map(compile)
  return (env) => parts.map((part) => part(env) ?? null)
}

function compileObject(expression: Doc, compile: Compile): Evaluate {
  const entries = Object.entries(expression)
  const [first] = entries
  if (entries.some(([name]) => name.startsWith('$'))) {
    if (first === undefined || entries.length > 1) {
      throw located(
        15983,
        `an object representing an expression must have exactly one field: { ${Object.keys(expression).join(', ')} }`,
      )
    }
    return operationNamed(first[0])(first[1], compile, first[0])
  }
  const fields = entries.map(([name, part]) => ({ name, evaluate: compile(part) }))
  return (env) => {
    const result: Doc = {}
    for (const { name, evaluate } of fields) {
      const value = evaluate(env)
      if (value !== undefined) setField(result, name, value)
    }
    return result
  }
}
