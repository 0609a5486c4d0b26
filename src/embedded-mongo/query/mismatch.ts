import { isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError } from '../bson/errors'
import { RANK, rankOf } from '../bson/types'
import { compileFilter } from './filter'
import { explainField } from './mismatch-field'
import type { Clause } from './mismatch-field'
import { compileExpression } from './expression'
import { compileSchema } from './schema/compile'
import { aboutOf, typesIn } from './schema/scalar-keywords'

/*
 * Why a document does not match a filter, as `details` in the error of a failed validation tell it. Below a negation it
 * is the other way round: why it does match. Everything is compiled anew, clause by clause: it is for failures alone.
 * https://www.mongodb.com/docs/manual/core/schema-validation/specify-query-expression-rules/
 */

/** For a document that does not match; or, when `matched`, for one that does. */
export function explainMismatch(filter: Doc, doc: Doc, matched = false): Doc {
  const clauses = clausesOf(filter)
  const [only] = clauses
  if (only !== undefined && clauses.length === 1) return explainClause(only, doc, matched)
  return explainList(
    '$and',
    clauses.map((clause) => clause.filter),
    doc,
    matched,
  )
}

function clausesOf(filter: Doc): readonly Clause[] {
  return Object.entries(filter).flatMap(([name, operand]) => {
    if (name === '$comment') return []
    if (name.startsWith('$')) return [{ filter: { [name]: operand }, operator: name, path: undefined, operand }]
    return fieldClauses(name, operand)
  })
}

function fieldClauses(path: string, operand: unknown): readonly Clause[] {
  const first = isDoc(operand) ? (Object.keys(operand)[0] ?? '') : ''
  if (!isDoc(operand) || !first.startsWith('$') || ['$ref', '$id', '$db'].includes(first)) {
    const operator = rankOf(operand) === RANK.regex ? '$regex' : '$eq'
    return [{ filter: { [path]: operand }, operator, path, operand }]
  }
  const { $options, ...operators } = operand
  return Object.entries(operators)
    .filter(([operator]) => operator !== '$comment')
    .map(([operator, value]) => {
      const together = operator === '$regex' && $options !== undefined ? { [operator]: value, $options } : undefined
      return { filter: { [path]: together ?? { [operator]: value } }, operator, path, operand: value }
    })
}

function explainClause(clause: Clause, doc: Doc, matched: boolean): Doc {
  const { operator, operand, filter, path } = clause
  if (operator === '$not') {
    return { operatorName: operator, details: explainMismatch({ [path as string]: operand }, doc, !matched) }
  }
  if (path !== undefined) return explainField(clause, doc, matched)
  switch (operator) {
    case '$and':
    case '$or':
    case '$nor':
      return explainList(operator, operand as readonly Doc[], doc, matched)
    case '$jsonSchema':
      return explainSchema(operand as Doc, doc, matched)
    case '$expr':
      return explainExpression(filter, operand, doc, matched)
    default:
      return alwaysSo(clause, matched)
  }
}

function alwaysSo({ operator, filter }: Clause, matched: boolean): Doc {
  return { operatorName: operator, specifiedAs: filter, reason: `expression always evaluates to ${String(matched)}` }
}

/** Those of a list of conditions on which it depends. */
function explainList(operator: string, filters: readonly Doc[], doc: Doc, matched: boolean): Doc {
  // A $nor is what it is by the opposite of its clauses.
  const wanted = operator === '$nor' ? !matched : matched
  const found = filters.flatMap((filter, index) => {
    const holds = matches(filter, doc)
    return holds === !wanted ? [] : [{ index, details: explainMismatch(filter, doc, wanted) }]
  })
  return { operatorName: operator, [wanted ? 'clausesSatisfied' : 'clausesNotSatisfied']: found }
}

/** undefined where that is an error: an error is explained whatever is asked for. */
function matches(filter: Doc, doc: Doc): boolean | undefined {
  try {
    return compileFilter(filter).matches(doc)
  } catch (error) {
    if (isEvaluationError(error)) return undefined
    throw error
  }
}

/** True for what the expressions of a filter may throw; a filter that takes too long is another matter. */
export function isEvaluationError(error: unknown): error is CommandError {
  return error instanceof CommandError && error.codeName !== 'MaxTimeMSExpired'
}

function explainSchema(schema: Doc, doc: Doc, matched: boolean): Doc {
  const named = { operatorName: '$jsonSchema', ...aboutOf(schema) }
  if (matched) return { ...named, reason: 'schema matched' }
  const keyword = schema['bsonType'] === undefined ? 'type' : 'bsonType'
  const type = schema[keyword]
  if (type !== undefined && !typesIn(keyword, type).has('object')) {
    return { ...named, specifiedAs: { $jsonSchema: schema }, reason: 'expression always evaluates to false' }
  }
  return { ...named, schemaRulesNotSatisfied: compileSchema(schema).explain(doc) }
}

function explainExpression(filter: Doc, expression: unknown, doc: Doc, matched: boolean): Doc {
  const named = { operatorName: '$expr', specifiedAs: filter }
  try {
    const expressionResult = compileExpression(expression)(doc)
    return { ...named, reason: matched ? 'expression did match' : 'expression did not match', expressionResult }
  } catch (error) {
    if (!isEvaluationError(error)) throw error
    const details = { code: error.code, codeName: error.codeName, errmsg: error.message }
    return { ...named, reason: 'failed to evaluate aggregation expression', details }
  }
}
