import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'

const LOGICAL = new Set(['$and', '$or', '$nor'])

/** A filter whose `$expr`s see the variables of a `let`: their values become part of the expressions. */
export function bindVariables(filter: Doc, variables: Doc): Doc {
  const names = Object.keys(variables)
  if (names.length === 0) return filter
  // A variable that is bound to a missing value stays missing.
  const vars = Object.fromEntries(
    names.map((name) => [name, variables[name] === undefined ? '$$REMOVE' : { $literal: variables[name] }]),
  )
  const bind = (part: Doc): Doc =>
    Object.fromEntries(
      Object.entries(part).map(([name, operand]) => {
        if (name === '$expr') return [name, { $let: { vars, in: operand } }]
        const nested = LOGICAL.has(name) && Array.isArray(operand)
        return [name, nested ? operand.map((branch: unknown) => (isDoc(branch) ? bind(branch) : branch)) : operand]
      }),
    )
  return bind(filter)
}
