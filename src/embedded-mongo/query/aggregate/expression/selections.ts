import { compareValues } from '../../../bson/compare'
import { toNumber } from '../../../bson/exact'
import { isNumeric, typeName } from '../../../bson/types'
import { topK } from '../../sort'
import { located, namedArguments, paid } from './arguments'
import type { CompileOperation, Environment, Evaluate } from './environment'
import { isNullish } from './environment'

/** `{n, input}`: some of the elements of an array. */
function selecting(choose: (array: readonly unknown[], n: number) => unknown[]): CompileOperation {
  return (operand, compile, name) => {
    const named = namedArguments(operand, name, ['n', 'input'])
    const [count, input] = [countOf(compile(named['n'])), compile(named['input'])]
    return (env) => {
      const array = paid(input(env))
      if (!Array.isArray(array)) throw located(5788200, `${name}: input must be an array, but is ${typeName(array)}`)
      return choose(array, count(env))
    }
  }
}

/** How many of them an operator like $firstN shall keep. */
export function countOf(n: Evaluate): (environment: Environment) => number {
  return (environment) => {
    const given = n(environment)
    if (!isNumeric(given)) throw located(5787902, "Value for 'n' must be of integral type")
    const count = toNumber(given)
    if (!Number.isInteger(count)) throw located(5787903, "Value for 'n' must be of integral type")
    if (count <= 0) throw located(5787908, `'n' must be greater than 0, found ${count}`)
    return count
  }
}

/** Null and missing do not count. */
function extremes(direction: 1 | -1): (array: readonly unknown[], n: number) => unknown[] {
  return (array, n) => {
    const best = topK<unknown>(n, (a, b) => compareValues(a, b) * direction)
    for (const element of array) if (!isNullish(element)) best.add(element)
    return best.result()
  }
}

const zip: CompileOperation = (operand, compile, name) => {
  const named = namedArguments(operand, name, ['inputs'], ['useLongestLength', 'defaults'])
  const { inputs, useLongestLength: longest = false, defaults } = named
  if (!Array.isArray(inputs)) throw located(34461, '$zip inputs must be an array of expressions')
  if (inputs.length === 0) throw located(34465, '$zip requires at least one input array')
  if (typeof longest !== 'boolean') throw located(34463, '$zip useLongestLength must be a bool')
  if (defaults !== undefined) checkDefaults(defaults, longest, inputs.length)
  const arrays = inputs.map(compile)
  const fillings = ((defaults ?? []) as readonly unknown[]).map(compile)
  return (env) => {
    const given = arrays.map((array) => paid(array(env)))
    if (given.some(isNullish)) return null
    const lists = given.map((list): readonly unknown[] => {
      if (Array.isArray(list)) return list
      throw located(34468, `$zip found a non-array expression in input: ${typeName(list)}`)
    })
    const lengths = lists.map((list) => list.length)
    const length = longest ? Math.max(...lengths) : Math.min(...lengths)
    const filling = fillings.map((value) => value(env) ?? null)
    return Array.from({ length }, (_, i) => lists.map((list, j) => (i < list.length ? list[i] : (filling[j] ?? null))))
  }
}

function checkDefaults(defaults: unknown, longest: boolean, length: number): void {
  if (!Array.isArray(defaults)) throw located(34462, '$zip defaults must be an array of expressions')
  if (!longest) throw located(34466, 'cannot specify defaults unless useLongestLength is true')
  if (defaults.length !== length) throw located(34467, 'defaults and inputs must have the same length')
}

export const SELECTIONS: Readonly<Record<string, CompileOperation>> = {
  $firstN: selecting((array, n) => array.slice(0, n)),
  $lastN: selecting((array, n) => array.slice(-n)),
  $maxN: selecting(extremes(-1)),
  $minN: selecting(extremes(1)),
  $zip: zip,
}
