import { isDoc, setField } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { failedToParse } from '../bson/errors'
import { located } from './aggregate/expression/arguments'
import { compileExpression } from './expression'

/**
 * The values of a command's `let`: expressions, of which each may name those before it, and none a document. Throws
 * CommandError.
 */
export function evaluateLet(spec: Doc): Doc {
  const variables: Doc = {}
  for (const [name, expression] of Object.entries(spec)) {
    checkVariableName(name)
    if (namesDocument(expression)) {
      throw located(
        4890500,
        'Command let Expression tried to access a field, but this is not allowed because Command let Expressions run before the query examines any documents.',
      )
    }
    setField(variables, name, compileExpression(expression)({}, variables))
  }
  return variables
}

const FIRST_CHARACTER = /^[a-z\u0080-\uffff]/
const CHARACTERS = /^[a-zA-Z0-9_\u0080-\uffff]*$/

export function checkVariableName(name: string): void {
  if (name === '') throw failedToParse('empty variable names are not allowed')
  if (!FIRST_CHARACTER.test(name)) {
    throw failedToParse(`'${name}' starts with an invalid character for a user variable name`)
  }
  if (!CHARACTERS.test(name)) throw failedToParse(`'${name}' contains an invalid character for a variable name`)
}

function namesDocument(expression: unknown): boolean {
  if (typeof expression === 'string') return /^\$(?!\$)|^\$\$(ROOT|CURRENT)(\.|$)/.test(expression)
  if (Array.isArray(expression)) return expression.some(namesDocument)
  if (!isDoc(expression)) return false
  return Object.entries(expression).some(([name, operand]) => name !== '$literal' && namesDocument(operand))
}
