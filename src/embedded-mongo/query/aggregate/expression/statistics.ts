import { ACCUMULATORS } from '../accumulators'
import { variadic } from './arguments'
import type { CompileOperation } from './environment'

/** As expressions, accumulators look at their arguments, or at the elements of the one array that is given. */
function accumulating(name: string): CompileOperation {
  const make = ACCUMULATORS[name]
  return variadic((args) => {
    const list = args.length === 1 && Array.isArray(args[0]) ? (args[0] as readonly unknown[]) : args
    const accumulator = make?.()
    for (const value of list) accumulator?.add(value)
    return accumulator?.result()
  })
}

export const STATISTICS: Readonly<Record<string, CompileOperation>> = Object.fromEntries(
  ['$avg', '$max', '$min', '$stdDevPop', '$stdDevSamp', '$sum'].map((name) => [name, accumulating(name)]),
)
