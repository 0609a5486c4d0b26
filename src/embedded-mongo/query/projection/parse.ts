import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { CommandError } from '../../bson/errors'
import { located } from '../aggregate/expression/arguments'
import { compileEvaluation } from '../aggregate/expression/compile'
import { isTruthy } from '../aggregate/expression/environment'
import type { Evaluate } from '../aggregate/expression/environment'
import { isNumeric } from '../../bson/types'
import { QUERY_DEPTH_MAX } from '../limits'
import { compileElemMatch, compileSlice } from './array-operators'
import { addPath } from './tree'
import type { PathTree } from './tree'

/** The find command knows more than $project: $slice of a field, $elemMatch, and `a.$`. */
export type Dialect = 'find' | 'aggregate'

export interface Parsed {
  readonly mode: 'include' | 'exclude'
  /** Paths to keep (true), or to drop (true). */
  readonly fields: PathTree<boolean>
  readonly computed: PathTree<Evaluate>
  /** Changes of array fields after the projection. */
  readonly slices: readonly { readonly segments: readonly string[]; readonly change: (value: unknown) => unknown }[]
  /** The path before `.$`. */
  readonly positional: string | undefined
}

interface Draft {
  readonly dialect: Dialect
  mode: 'include' | 'exclude' | undefined
  keepsId: boolean | undefined
  readonly fields: PathTree<boolean>
  readonly computed: PathTree<Evaluate>
  readonly slices: { segments: readonly string[]; change: (value: unknown) => unknown }[]
  positional: string | undefined
  /** All paths together, to find where two of them meet. */
  readonly all: PathTree<true>
}

/** Throws CommandError with MongoDB's codes (31249–31276, 51270, …). */
export function parseProjection(spec: Doc, dialect: Dialect): Parsed {
  const draft: Draft = {
    dialect,
    mode: undefined,
    keepsId: undefined,
    fields: new Map(),
    computed: new Map(),
    slices: [],
    positional: undefined,
    all: new Map(),
  }
  for (const [path, value] of Object.entries(spec)) parseEntry(draft, path, value, 0)
  const mode = draft.mode ?? modeOfId(draft)
  // A slice alone leaves all other fields, but beside an inclusion its field is one of those.
  if (mode === 'include') {
    for (const { segments } of draft.slices) addPath(draft.fields, segments.join('.'), true)
    if (draft.keepsId !== false) addPath(draft.fields, '_id', true)
  } else if (draft.keepsId === false) addPath(draft.fields, '_id', true)
  return { ...draft, mode }
}

/** With `_id: 1`, also beside a $slice, an inclusion; everything else that decides nothing is an exclusion. */
function modeOfId(draft: Draft): 'include' | 'exclude' {
  return draft.keepsId === true ? 'include' : 'exclude'
}

function parseEntry(draft: Draft, path: string, value: unknown, depth: number): void {
  if (depth > QUERY_DEPTH_MAX) throw new CommandError(15, 'Overflow', 'The projection is nested too deep')
  if (draft.dialect === 'find' && path.endsWith('.$')) {
    addPositional(draft, path.slice(0, -2), value)
    return
  }
  checkPath(path)
  if (isNumeric(value) || typeof value === 'boolean') addField(draft, path, isTruthy(value))
  else if (isDoc(value)) parseObject(draft, path, value, depth)
  else addComputed(draft, path, compileEvaluation(value))
}

function checkPath(path: string): void {
  const segments = path.split('.')
  if (segments.includes(''))
    throw located(40353, `FieldPath must not end or begin with a '.', nor hold an empty name: '${path}'`)
  if (segments.some((segment) => segment.startsWith('$'))) {
    throw located(
      16410,
      `FieldPath field names may not start with '$'. Consider using $getField or $setField. Found: '${path}'`,
    )
  }
}

function parseObject(draft: Draft, path: string, value: Doc, depth: number): void {
  const [operator] = Object.keys(value)
  if (operator === undefined) {
    throw located(51270, `An empty sub-projection is not a valid value. Found empty object at path '${path}'`)
  }
  if (!operator.startsWith('$')) {
    for (const [name, below] of Object.entries(value)) parseEntry(draft, `${path}.${name}`, below, depth + 1)
    return
  }
  if (draft.dialect === 'find' && operator === '$slice' && !isSliceExpression(value['$slice'])) {
    claim(draft, path)
    draft.slices.push({ segments: path.split('.'), change: compileSlice(value['$slice']) })
  } else if (draft.dialect === 'find' && operator === '$elemMatch') {
    if (path.includes('.')) throw located(31275, 'Cannot use $elemMatch projection on a nested field')
    addComputed(draft, path, compileElemMatch(path, value['$elemMatch']))
  } else addComputed(draft, path, compileEvaluation(value))
}

/** `{$slice: ['$list', 2]}` is the expression of that name. */
function isSliceExpression(operand: unknown): boolean {
  return Array.isArray(operand) && !isNumeric(operand[0])
}

function addField(draft: Draft, path: string, keep: boolean): void {
  if (path === '_id') {
    claim(draft, path)
    draft.keepsId = keep
    return
  }
  setMode(draft, keep ? 'include' : 'exclude', path)
  claim(draft, path)
  addPath(draft.fields, path, true)
}

function addComputed(draft: Draft, path: string, evaluate: Evaluate): void {
  if (draft.mode === 'exclude') throw located(31252, 'Cannot use an expression in an exclusion projection')
  setMode(draft, 'include', path)
  claim(draft, path)
  addPath(draft.computed, path, evaluate)
  if (path === '_id') draft.keepsId = false
}

function addPositional(draft: Draft, path: string, value: unknown): void {
  if (!isTruthy(value)) throw located(31395, 'positional projection cannot be used with exclusion')
  if (draft.positional !== undefined) {
    throw located(31276, 'Cannot specify more than one positional projection per query.')
  }
  checkPath(path)
  setMode(draft, 'include', path)
  claim(draft, path)
  addPath(draft.fields, path, true)
  draft.positional = path
}

function setMode(draft: Draft, mode: 'include' | 'exclude', path: string): void {
  if (draft.mode !== undefined && draft.mode !== mode) {
    throw mode === 'include'
      ? located(31253, `Cannot do inclusion on field ${path} in exclusion projection`)
      : located(31254, `Cannot do exclusion on field ${path} in inclusion projection`)
  }
  draft.mode = mode
}

function claim(draft: Draft, path: string): void {
  const collision = addPath(draft.all, path, true)
  if (collision === undefined) return
  throw collision.rest === ''
    ? located(31250, `Path collision at ${collision.at}`)
    : located(31249, `Path collision at ${collision.at} remaining portion ${collision.rest}`)
}
