import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { badValue } from '../../bson/errors'
import { typeName } from '../../bson/types'
import { sameness } from './equal'
import { keywordError, keywordType, schemaIn } from './rule'
import type { Around, CompileKeyword, Schema } from './rule'

function schemasIn(keyword: string, operand: unknown, { compile }: Around): readonly Schema[] {
  if (!Array.isArray(operand)) throw keywordType(keyword, 'must be an array')
  if (operand.length === 0) throw badValue(`$jsonSchema keyword '${keyword}' must be a non-empty array`)
  return operand.map((schema: unknown) => {
    if (isDoc(schema)) return compile(schema)
    throw keywordType(keyword, `must be an array of objects, but found an element of type ${typeName(schema)}`)
  })
}

function notSatisfied(keyword: string, schemas: readonly Schema[], value: unknown): Doc {
  const schemasNotSatisfied = schemas.flatMap((schema, index) =>
    schema.holds(value) ? [] : [{ index, ...schema.about, details: schema.explain(value) }],
  )
  return { operatorName: keyword, schemasNotSatisfied }
}

export const allOf: CompileKeyword = (operand, around, keyword) => {
  const schemas = schemasIn(keyword, operand, around)
  return {
    holds: (value) => schemas.every((schema) => schema.holds(value)),
    explain: (value) => notSatisfied(keyword, schemas, value),
  }
}

export const anyOf: CompileKeyword = (operand, around, keyword) => {
  const schemas = schemasIn(keyword, operand, around)
  return {
    holds: (value) => schemas.some((schema) => schema.holds(value)),
    explain: (value) => notSatisfied(keyword, schemas, value),
  }
}

export const oneOf: CompileKeyword = (operand, around, keyword) => {
  const schemas = schemasIn(keyword, operand, around)
  const matching = (value: unknown): readonly number[] =>
    schemas.flatMap((schema, index) => (schema.holds(value) ? [index] : []))
  return {
    holds: (value) => matching(value).length === 1,
    explain: (value) => {
      const matchingSchemaIndexes = matching(value)
      if (matchingSchemaIndexes.length === 0) return notSatisfied(keyword, schemas, value)
      return { operatorName: keyword, reason: 'more than one subschema matched', matchingSchemaIndexes }
    },
  }
}

export const not: CompileKeyword = (operand, { compile }, keyword) => {
  const schema = compile(schemaIn(keyword, operand))
  return {
    holds: (value) => !schema.holds(value),
    explain: () => ({ operatorName: keyword, reason: 'child expression matched' }),
  }
}

export const oneOfValues: CompileKeyword = (operand, _around, keyword) => {
  if (!Array.isArray(operand)) {
    throw keywordType(keyword, `must be an array, but found an element of type ${typeName(operand)}`)
  }
  if (operand.length === 0) throw keywordError(keyword, 'cannot be an empty array')
  const values = new Set(operand.map(sameness))
  if (values.size < operand.length) throw keywordError(keyword, 'array cannot contain duplicate values.')
  return {
    holds: (value) => values.has(sameness(value)),
    explain: (value) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: operand },
      reason: 'value was not found in enum',
      consideredValue: value,
    }),
  }
}
