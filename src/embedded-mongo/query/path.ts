import { getField, isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { spend } from '../bson/effort'

/** A condition on one value; undefined means that the field is missing. */
export type ValueTest = (value: unknown, trace?: MatchTrace) => boolean
export type DocTest = (doc: Doc, trace?: MatchTrace) => boolean

/** Where a match was found: the index in the outermost array that was walked, for the positional `$`. */
export interface MatchTrace {
  arrayIndex: number | undefined
}

/**
 * What a condition sees of an array at the end of its path: `each` element and then the array itself, or the `whole`
 * array alone ($exists, $size, $elemMatch).
 */
export type Leaf = 'each' | 'whole'

const ALL_DIGITS = /^\d+$/

/** The field of a document that a dotted path begins with. */
export function topLevel(path: string): string {
  const dot = path.indexOf('.')
  return dot < 0 ? path : path.slice(0, dot)
}

export function isArrayIndex(segment: string): boolean {
  return ALL_DIGITS.test(segment)
}

/**
 * Compiles a condition on a dotted path with MongoDB's walk through arrays: an array on the way offers each of its
 * sub-documents, and its element at an index when the next segment is a number.
 */
export function onPath(path: string, leaf: Leaf, test: ValueTest): DocTest {
  const atEnd = leaf === 'each' ? eachThenWhole(test) : test
  return path.includes('.') ? onDottedPath(path, test, atEnd) : (doc, trace) => atEnd(getField(doc, path), trace)
}

function onDottedPath(path: string, test: ValueTest, atEnd: ValueTest): DocTest {
  const segments = path.split('.')
  const last = segments.length - 1

  const walk = (from: Doc, start: number, trace: MatchTrace | undefined): boolean => {
    let doc = from
    for (let i = start; i < last; i++) {
      const value = getField(doc, segments[i] as string)
      if (isDoc(value)) doc = value
      else if (Array.isArray(value)) return walkArray(value, i + 1, trace)
      else return test(undefined, trace)
    }
    return atEnd(getField(doc, segments[last] as string), trace)
  }

  const walkArray = (array: readonly unknown[], next: number, trace: MatchTrace | undefined): boolean => {
    spend(array.length)
    for (let i = 0; i < array.length; i++) {
      const element = array[i]
      if (isDoc(element) && walk(element, next, trace)) {
        if (trace !== undefined) trace.arrayIndex = i
        return true
      }
    }
    const segment = segments[next] as string
    return isArrayIndex(segment) && walkElement(array[Number(segment)], next, trace)
  }

  /** The element that a numeric segment names. At the end of the path its own elements are not offered. */
  const walkElement = (element: unknown, at: number, trace: MatchTrace | undefined): boolean => {
    if (element === undefined) return false
    if (at === last) return test(element, trace)
    if (isDoc(element)) return walk(element, at + 1, trace)
    return Array.isArray(element) && walkArray(element, at + 1, trace)
  }

  return (doc, trace) => walk(doc, 0, trace)
}

function eachThenWhole(test: ValueTest): ValueTest {
  return (value, trace) => {
    if (!Array.isArray(value)) return test(value, trace)
    spend(value.length)
    for (let i = 0; i < value.length; i++) {
      if (test(value[i], trace)) {
        if (trace !== undefined) trace.arrayIndex = i
        return true
      }
    }
    return test(value, trace)
  }
}
