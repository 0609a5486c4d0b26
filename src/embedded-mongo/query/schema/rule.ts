import type { Doc } from '../../bson/doc'
import { failedToParse, typeMismatch } from '../../bson/errors'
import { isDoc } from '../../bson/doc'
import { toNumber } from '../../bson/exact'
import { docOf, isNumeric, typeName } from '../../bson/types'

/** What one keyword of a schema asks for. A keyword has nothing to say of values of types that it is not for. */
export interface Rule {
  readonly holds: (value: unknown) => boolean
  /** Why it does not hold, as the error of a failed validation says it. For values of which it does not hold. */
  readonly explain: (value: unknown) => Doc
}

export interface Schema {
  readonly holds: (value: unknown) => boolean
  /** Of each rule that does not hold, why. */
  readonly explain: (value: unknown) => readonly Doc[]
  /** Its title and description, for errors. */
  readonly about: Doc
}

export interface Around {
  /** The schema that the keyword stands in: some keywords belong together. */
  readonly schema: Doc
  readonly compile: (schema: Doc) => Schema
}

/** undefined: there is nothing to check. Throws what MongoDB answers for a keyword that cannot be understood. */
export type CompileKeyword = (operand: unknown, around: Around, keyword: string) => Rule | undefined

export function keywordError(keyword: string, problem: string): Error {
  return failedToParse(`$jsonSchema keyword '${keyword}' ${problem}`)
}

export function keywordType(keyword: string, wanted: string): Error {
  return typeMismatch(`$jsonSchema keyword '${keyword}' ${wanted}`)
}

export function schemaIn(keyword: string, value: unknown): Doc {
  if (isDoc(value)) return value
  throw keywordType(keyword, `must be an object, but found an element of type ${typeName(value)}`)
}

/** The bound of minLength, maxItems and their like. */
export function countIn(keyword: string, value: unknown): number {
  const count = isNumeric(value) ? toNumber(value) : NaN
  if (Number.isNaN(count)) throw failedToParse(`Failed to parse ${keyword}. Expected a number in: ${keyword}`)
  if (!Number.isInteger(count)) throw failedToParse(`Expected an integer: ${keyword}: ${count}`)
  if (count < 0) throw failedToParse(`Expected a non-negative number in: ${keyword}: ${count}`)
  return count
}

/** Strings, none of them twice. */
export function namesIn(keyword: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    throw keywordType(keyword, `must be an array, but found an element of type ${typeName(value)}`)
  }
  const names = value.map((name: unknown) => {
    if (typeof name === 'string') return name
    throw keywordType(keyword, `must be an array of strings, but found an element of type: ${typeName(name)}`)
  })
  if (names.length === 0) throw keywordError(keyword, 'cannot be an empty array')
  if (new Set(names).size < names.length) throw keywordError(keyword, 'array cannot contain duplicate values')
  return names
}

/** The fields of a sub-document; undefined for other values. */
export function fieldsOf(value: unknown): Doc | undefined {
  return typeName(value) === 'object' ? docOf(value as object) : undefined
}

/** A rule for documents, which has nothing to say of other values. */
export function forObjects(holds: (fields: Doc) => boolean, explain: (fields: Doc) => Doc): Rule {
  return {
    holds: (value) => {
      const fields = fieldsOf(value)
      return fields === undefined || holds(fields)
    },
    explain: (value) => explain(fieldsOf(value) ?? {}),
  }
}

/** The same for arrays. */
export function forArrays(
  holds: (items: readonly unknown[]) => boolean,
  explain: (items: readonly unknown[]) => Doc,
): Rule {
  return {
    holds: (value) => !Array.isArray(value) || holds(value),
    explain: (value) => explain(value as readonly unknown[]),
  }
}
