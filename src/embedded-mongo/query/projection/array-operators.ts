import { getField, isDoc } from '../../bson/doc'
import { CommandError } from '../../bson/errors'
import { toNumber } from '../../bson/exact'
import { isNumeric } from '../../bson/types'
import { located } from '../aggregate/expression/arguments'
import type { Evaluate } from '../aggregate/expression/environment'
import { compileFilter } from '../filter'

/** `n`, `-n` or `[skip, n]`: a part of an array; other values stay whole. */
export function compileSlice(operand: unknown): (value: unknown) => unknown {
  if (!Array.isArray(operand)) {
    const count = integer(operand)
    return onArrays((array) => (count < 0 ? array.slice(count) : array.slice(0, count)))
  }
  if (operand.length !== 2) throw located(28667, '$slice takes a number, or an array of a skip and a limit')
  const [skip, count] = [integer(operand[0]), integer(operand[1])]
  if (count <= 0) throw located(28729, `The limit of $slice must be positive: ${count}`)
  return onArrays((array) => {
    const start = skip < 0 ? Math.max(array.length + skip, 0) : skip
    return array.slice(start, start + count)
  })
}

function integer(value: unknown): number {
  const number = isNumeric(value) ? Math.trunc(toNumber(value)) : NaN
  if (Number.isFinite(number)) return number
  throw new CommandError(
    28667,
    'Location28667',
    'Invalid $slice syntax. The given syntax did not match the find() syntax.',
  )
}

function onArrays(change: (array: readonly unknown[]) => unknown): (value: unknown) => unknown {
  return (value) => (Array.isArray(value) ? change(value) : value)
}

/** The first element of the array field that matches, alone; missing when none does. */
export function compileElemMatch(path: string, condition: unknown): Evaluate {
  if (!isDoc(condition))
    throw located(31274, `elemMatch: Invalid argument, object required, but got ${typeof condition}`)
  const filter = compileFilter({ [path]: { $elemMatch: condition } })
  return ({ root }) => {
    const array = getField(root, path)
    if (!Array.isArray(array)) return undefined
    const found = array.find((element: unknown) => filter.matches({ [path]: [element] })) as unknown
    return found === undefined ? undefined : [found]
  }
}
