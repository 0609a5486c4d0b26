import { hasField, isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { compareStrings } from '../../bson/compare'
import { typeName } from '../../bson/types'
import { matchesPattern } from '../filter-match'
import { compilePattern } from '../pattern'
import { countIn, forObjects, keywordError, keywordType, namesIn } from './rule'
import type { Around, CompileKeyword, Rule, Schema } from './rule'
import { aboutOf } from './scalar-keywords'

export const properties: CompileKeyword = (operand, around, keyword) => {
  const schemas = schemasIn(operand, around, keyword)
  const isMisfit = (fields: Doc, name: string, schema: Schema): boolean =>
    hasField(fields, name) && !schema.holds(fields[name])
  return forObjects(
    (fields) => !schemas.some(([name, schema]) => isMisfit(fields, name, schema)),
    (fields) => ({
      operatorName: keyword,
      propertiesNotSatisfied: schemas
        .filter(([name, schema]) => isMisfit(fields, name, schema))
        .map(([name, schema]) => ({ propertyName: name, ...schema.about, details: schema.explain(fields[name]) })),
    }),
  )
}

function schemasIn(operand: unknown, { compile }: Around, keyword: string): readonly (readonly [string, Schema])[] {
  if (!isDoc(operand)) throw keywordType(keyword, 'must be an object')
  return Object.entries(operand).map(([name, schema]) => {
    if (isDoc(schema)) return [name, compile(schema)]
    throw keywordType(keyword, `has property '${name}' which is not an object`)
  })
}

/** Of the fields whose name matches a pattern, all that do not fit. */
export const patternProperties: CompileKeyword = (operand, around, keyword) => {
  const schemas = schemasIn(operand, around, keyword).map(([source, schema]) => {
    return { source, schema, names: matchesPattern(compilePattern(source, '')) }
  })
  const misfits = function* (fields: Doc): Generator<Doc> {
    for (const [propertyName, value] of Object.entries(fields)) {
      for (const { source, schema, names } of schemas) {
        if (!names(propertyName) || schema.holds(value)) continue
        yield { propertyName, ...schema.about, regexMatched: source, details: schema.explain(value) }
      }
    }
  }
  return forObjects(
    (fields) =>
      Object.entries(fields).every(([name, value]) =>
        schemas.every(({ names, schema }) => !names(name) || schema.holds(value)),
      ),
    (fields) => ({ operatorName: keyword, details: [...misfits(fields)] }),
  )
}

/** The fields that neither `properties` nor `patternProperties` speaks of. */
export const additionalProperties: CompileKeyword = (operand, { schema, compile }, keyword) => {
  if (typeof operand !== 'boolean' && !isDoc(operand)) throw keywordType(keyword, 'must be an object or a boolean')
  const rest = isDoc(operand) ? compile(operand) : undefined
  if (operand === true) return undefined
  const isAdditional = additionalNames(schema)
  const additional = (fields: Doc): readonly string[] => Object.keys(fields).filter(isAdditional)
  return rest === undefined
    ? forObjects(
        (fields) => !Object.keys(fields).some(isAdditional),
        (fields) => ({
          operatorName: keyword,
          specifiedAs: { [keyword]: operand },
          additionalProperties: additional(fields),
        }),
      )
    : everyProperty(rest, additional, keyword)
}

function additionalNames({ properties: named, patternProperties: patterns }: Doc): (name: string) => boolean {
  const known = isDoc(named) ? named : {}
  const matching = Object.keys(isDoc(patterns) ? patterns : {}).map((source) =>
    matchesPattern(compilePattern(source, '')),
  )
  return (name) => !hasField(known, name) && !matching.some((names) => names(name))
}

function everyProperty(schema: Schema, names: (fields: Doc) => readonly string[], keyword: string): Rule {
  const misfit = (fields: Doc): string | undefined => names(fields).find((name) => !schema.holds(fields[name]))
  return forObjects(
    (fields) => misfit(fields) === undefined,
    (fields) => {
      const failingProperty = misfit(fields) ?? ''
      const reason = 'at least one additional property did not match the subschema'
      const details = schema.explain(fields[failingProperty])
      return { operatorName: keyword, ...schema.about, reason, failingProperty, details }
    },
  )
}

export const required: CompileKeyword = (operand, _around, keyword) => {
  const names = namesIn(keyword, operand).toSorted(compareStrings)
  return forObjects(
    (fields) => names.every((name) => hasField(fields, name)),
    (fields) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: operand },
      missingProperties: missing(fields, names),
    }),
  )
}

function missing(fields: Doc, names: readonly string[]): readonly string[] {
  return names.filter((name) => !hasField(fields, name))
}

/** minProperties and maxProperties. */
export const propertyCount: CompileKeyword = (operand, _around, keyword) => {
  const bound = countIn(keyword, operand)
  const count = (fields: Doc): number => Object.keys(fields).length
  return forObjects(
    (fields) => (keyword === 'minProperties' ? count(fields) >= bound : count(fields) <= bound),
    (fields) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: operand },
      reason: 'specified number of properties was not satisfied',
      numberOfProperties: count(fields),
    }),
  )
}

/** What a field wants of the document that it is in: other fields, or that the document fits another schema. */
export const dependencies: CompileKeyword = (operand, around, keyword) => {
  if (!isDoc(operand)) throw keywordType(keyword, 'must be an object')
  const about = aboutOf(operand)
  const wants = Object.entries(operand)
    .filter(([name]) => !hasField(about, name))
    .map(([name, wanted]) => ({ name, ...dependency(name, wanted, around) }))
  return forObjects(
    (fields) => wants.every(({ name, holds }) => !hasField(fields, name) || holds(fields)),
    (fields) => ({
      operatorName: keyword,
      ...about,
      failingDependencies: wants
        .filter(({ name, holds }) => hasField(fields, name) && !holds(fields))
        .map(({ name, explain }) => ({ conditionalProperty: name, ...explain(fields) })),
    }),
  )
}

function dependency(name: string, wanted: unknown, { compile }: Around) {
  if (isDoc(wanted)) {
    const schema = compile(wanted)
    return { holds: schema.holds, explain: (fields: Doc) => ({ ...schema.about, details: schema.explain(fields) }) }
  }
  if (!Array.isArray(wanted)) {
    throw keywordType('dependencies', `must have an object or an array for '${name}', not ${typeName(wanted)}`)
  }
  if (wanted.length === 0) throw keywordError('dependencies', `cannot have an empty array for property '${name}'`)
  const names = namesIn('dependencies', wanted)
  return {
    holds: (fields: unknown) => missing(fields as Doc, names).length === 0,
    explain: (fields: Doc): Doc => ({ missingProperties: missing(fields, names) }),
  }
}
