import { Long } from 'bson'
import { isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { PAUSE } from '../pause'
import { isNullish } from './expression/environment'
import { fieldPath } from './expression/path'
import { located } from './expression/arguments'
import type { CompileStage } from './stage'

interface Unwind {
  readonly segments: readonly string[]
  readonly indexField: string | undefined
  readonly keepsEmpty: boolean
}

/** $unwind: a document for each element of an array field; a value that is no array counts as an array of one. */
export const compileUnwind: CompileStage = (spec) => {
  const unwind = parseUnwind(spec)
  const read = fieldPath(unwind.segments)
  return function* (docs) {
    for (const item of docs) {
      if (item === PAUSE) yield PAUSE
      else yield* unwound(unwind, item, read(item))
    }
  }
}

function parseUnwind(spec: unknown): Unwind {
  const options: Doc = isDoc(spec) ? spec : { path: spec }
  const { path, includeArrayIndex: indexField, preserveNullAndEmptyArrays: keeps = false } = options
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown !== undefined) throw located(28811, `unrecognized option to $unwind stage: ${unknown}`)
  if (path === undefined) throw located(28812, 'no path specified to $unwind stage')
  if (typeof path !== 'string') throw located(28808, 'expected a string as the path for $unwind stage')
  if (!path.startsWith('$') || path.length < 2) {
    throw located(28818, `path option to $unwind stage should be prefixed with a '$': ${path}`)
  }
  if (typeof keeps !== 'boolean') {
    throw located(28809, 'expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage')
  }
  if (indexField !== undefined && (typeof indexField !== 'string' || indexField === '' || indexField.startsWith('$'))) {
    throw located(
      28810,
      'expected a non-empty string, not prefixed by $, for the includeArrayIndex option to $unwind stage',
    )
  }
  return { segments: path.slice(1).split('.'), indexField, keepsEmpty: keeps }
}

const OPTIONS = new Set(['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays'])

function* unwound(unwind: Unwind, doc: Doc, value: unknown): Iterable<Doc> {
  const { segments, indexField, keepsEmpty } = unwind
  const withIndex = (result: Doc, index: number | undefined): Doc =>
    indexField === undefined
      ? result
      : replaced(result, indexField.split('.'), index === undefined ? null : Long.fromNumber(index))
  if (isNullish(value)) {
    if (keepsEmpty) yield withIndex(doc, undefined)
  } else if (!Array.isArray(value)) {
    yield withIndex(doc, undefined)
  } else if (value.length === 0) {
    if (keepsEmpty) yield withIndex(replaced(doc, segments, undefined), undefined)
  } else {
    for (const [i, element] of value.entries()) yield withIndex(replaced(doc, segments, element), i)
  }
}

/** The document with another value at a path; undefined takes the field away. Shares what does not change. */
export function replaced(doc: Doc, [name, ...rest]: readonly string[], value: unknown): Doc {
  if (name === undefined) return doc
  const copy = { ...doc }
  const inner = isDoc(copy[name]) ? copy[name] : {}
  const next = rest.length === 0 ? value : replaced(inner, rest, value)
  if (next === undefined) Reflect.deleteProperty(copy, name)
  else setField(copy, name, next)
  return copy
}
