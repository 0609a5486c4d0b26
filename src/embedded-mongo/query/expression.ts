import type { Doc } from '../bson/doc'
import { compileEvaluation } from './aggregate/expression/compile'

export { isTruthy } from './aggregate/expression/environment'

/** An aggregation expression over a document; `variables` are those of `let`. undefined stands for a missing value. */
export type Expression = (doc: Doc, variables?: Doc) => unknown

/** Throws CommandError: 168 (InvalidPipelineOperator) for an unknown operator. */
export function compileExpression(expression: unknown): Expression {
  const evaluate = compileEvaluation(expression)
  return (doc, variables = {}) => evaluate({ root: doc, variables, now: new Date() })
}
