import { setField } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { compileEvaluation } from './aggregate/expression/compile'

/** The variables of a command's `let`: expressions that see no document, but the variables before them. */
export function commandVariables(spec: Doc, now: Date): Doc {
  const variables: Doc = {}
  for (const [name, expression] of Object.entries(spec)) {
    setField(variables, name, compileEvaluation(expression)({ root: {}, variables, now }))
  }
  return variables
}
