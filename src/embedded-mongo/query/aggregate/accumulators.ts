import { Double, Int32 } from 'bson'
import { compareValues } from '../../bson/compare'
import { toNumber } from '../../bson/exact'
import { isNumeric } from '../../bson/types'
import type { Numeric } from '../../bson/types'
import { divideNumbers, wholeNumber } from '../arithmetic'
import { sumOf } from './expression/arithmetic'
import { isNullish } from './expression/environment'
import { mergeDocs } from './expression/objects'
import { valueSet } from './value-map'

/** Takes the values of one group, one after the other. */
export interface Accumulator {
  add(value: unknown): void
  result(): unknown
}

/** What is no number does not count. */
function sum(): Accumulator {
  let total: Numeric = new Int32(0)
  return {
    add: (value) => {
      if (isNumeric(value)) total = sumOf(total, value)
    },
    result: () => total,
  }
}

function average(): Accumulator {
  let total: Numeric = new Int32(0)
  let count = 0
  return {
    add: (value) => {
      if (!isNumeric(value)) return
      total = sumOf(total, value)
      count++
    },
    result: () => (count === 0 ? null : divideNumbers(total, wholeNumber(count))),
  }
}

/** Null and missing do not count. */
function extreme(direction: 1 | -1): () => Accumulator {
  return () => {
    let best: unknown
    return {
      add: (value) => {
        if (isNullish(value)) return
        if (best === undefined || compareValues(value, best) * direction > 0) best = value
      },
      result: () => best ?? null,
    }
  }
}

function first(): Accumulator {
  let found: { readonly value: unknown } | undefined
  return {
    add: (value) => {
      found ??= { value }
    },
    result: () => found?.value ?? null,
  }
}

function last(): Accumulator {
  let latest: unknown
  return {
    add: (value) => {
      latest = value
    },
    result: () => latest ?? null,
  }
}

function push(): Accumulator {
  const items: unknown[] = []
  return {
    add: (value) => {
      if (value !== undefined) items.push(value)
    },
    result: () => items,
  }
}

function addToSet(): Accumulator {
  const set = valueSet()
  return {
    add: (value) => {
      if (value !== undefined) set.add(value)
    },
    result: () => set.values(),
  }
}

function mergeObjects(): Accumulator {
  const docs: unknown[] = []
  return { add: (value) => docs.push(value), result: () => mergeDocs(docs) }
}

function count(): Accumulator {
  let n = 0
  return { add: () => n++, result: () => wholeNumber(n) }
}

/** By Welford's method: one pass, and no difference of large sums. What is no number does not count. */
function deviation(least: number): () => Accumulator {
  return () => {
    let n = 0
    let mean = 0
    let squares = 0
    return {
      add: (value) => {
        if (!isNumeric(value)) return
        const number = toNumber(value)
        const delta = number - mean
        n++
        mean += delta / n
        squares += delta * (number - mean)
      },
      result: () => (n < least ? null : new Double(Math.sqrt(squares / (n - least + 1)))),
    }
  }
}

/** Those that see one value of a document at a time. The others are mingo's. */
export const ACCUMULATORS: Readonly<Record<string, () => Accumulator>> = {
  $addToSet: addToSet,
  $avg: average,
  $count: count,
  $first: first,
  $last: last,
  $max: extreme(1),
  $mergeObjects: mergeObjects,
  $min: extreme(-1),
  $push: push,
  $stdDevPop: deviation(1),
  $stdDevSamp: deviation(2),
  $sum: sum,
}
