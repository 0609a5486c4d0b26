import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { typeName } from '../../bson/types'
import { sameness } from './equal'
import { countIn, forArrays, keywordType } from './rule'
import type { CompileKeyword, Rule, Schema } from './rule'

/** minItems and maxItems. */
export const itemCount: CompileKeyword = (operand, _around, keyword) => {
  const bound = countIn(keyword, operand)
  return forArrays(
    ({ length }) => (keyword === 'minItems' ? length >= bound : length <= bound),
    (items) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: operand },
      reason: 'array did not match specified length',
      consideredValue: items,
      numberOfItems: items.length,
    }),
  )
}

export const uniqueItems: CompileKeyword = (operand, _around, keyword) => {
  if (typeof operand !== 'boolean') throw keywordType(keyword, 'must be a boolean')
  if (!operand) return undefined
  return forArrays(
    (items) => firstDuplicate(items) < 0,
    (items) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: operand },
      reason: 'found a duplicate item',
      consideredValue: items,
      duplicatedValue: items[firstDuplicate(items)],
    }),
  )
}

function firstDuplicate(items: readonly unknown[]): number {
  const seen = new Set<string>()
  return items.findIndex((item) => seen.size === seen.add(sameness(item)).size)
}

/** One schema for all items, or one for each place. */
export const items: CompileKeyword = (operand, { compile }, keyword) => {
  if (isDoc(operand)) return everyItem(compile(operand), 0, keyword, 'At least one item did not match the sub-schema')
  if (!Array.isArray(operand)) {
    throw keywordType(keyword, `must be an array or an object, not ${typeName(operand)}`)
  }
  const schemas = operand.map((schema: unknown) => {
    if (isDoc(schema)) return compile(schema)
    const problem = 'requires that each element of the array is an object'
    throw keywordType(keyword, `${problem}, but found a ${typeName(schema)}`)
  })
  const misfits = (values: readonly unknown[]): readonly Doc[] =>
    schemas.flatMap((schema, itemIndex) => {
      const value = values[itemIndex]
      if (itemIndex >= values.length || schema.holds(value)) return []
      return [{ itemIndex, ...schema.about, details: schema.explain(value) }]
    })
  return forArrays(
    (values) => schemas.every((schema, i) => i >= values.length || schema.holds(values[i])),
    (values) => ({ operatorName: keyword, details: misfits(values) }),
  )
}

/** What comes behind the places that `items` names. */
export const additionalItems: CompileKeyword = (operand, { schema, compile }, keyword) => {
  if (typeof operand !== 'boolean' && !isDoc(operand)) {
    throw keywordType(keyword, `must be either an object or a boolean, but got a ${typeName(operand)}`)
  }
  const rest = isDoc(operand) ? compile(operand) : undefined
  const places = schema['items']
  if (!Array.isArray(places) || operand === true) return undefined
  if (rest !== undefined) {
    return everyItem(rest, places.length, keyword, 'At least one additional item did not match the sub-schema')
  }
  return forArrays(
    (values) => values.length <= places.length,
    (values) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: operand },
      reason: 'found additional items',
      additionalItems: values.slice(places.length),
    }),
  )
}

/** All items from `start` on; the first that does not fit is told of. */
function everyItem(schema: Schema, start: number, keyword: string, reason: string): Rule {
  const misfit = (values: readonly unknown[]): number => {
    for (let i = start; i < values.length; i++) if (!schema.holds(values[i])) return i
    return -1
  }
  return forArrays(
    (values) => misfit(values) < 0,
    (values) => {
      const itemIndex = misfit(values)
      const details = schema.explain(values[itemIndex])
      return { operatorName: keyword, ...schema.about, reason, itemIndex, details }
    },
  )
}
