import { Timestamp } from 'bson'
import { getField, isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { badValue, pathNotViable, showValue } from '../../bson/errors'
import { typeName } from '../../bson/types'
import { isArrayIndex } from '../path'
import { identical } from '../../bson/identical'
import type { CompileOperator, Modifier, Run } from './modifier'
import { parsePath } from './path'

/** $set. */
export const compileSet: CompileOperator = (path, operand) => [{ path, modifier: setTo(operand) }]

/** $setOnInsert. */
export const compileSetOnInsert: CompileOperator = (path, operand) => [
  { path, modifier: { ...setTo(operand), insertOnly: true } },
]

function setTo(operand: unknown): Modifier {
  const value = operand === undefined ? null : operand
  return { apply: (current) => (identical(current, value) ? current : value) }
}

/** $unset; the operand says nothing. */
export const compileUnset: CompileOperator = (path) => [{ path, modifier: { apply: () => undefined, lenient: true } }]

/** $currentDate: `true` or `{$type: 'date' | 'timestamp'}`. */
export const compileCurrentDate: CompileOperator = (path, operand) => [{ path, modifier: clockOf(operand) }]

const MILLISECONDS_PER_SECOND = 1000

function clockOf(operand: unknown): Modifier {
  if (typeof operand === 'boolean') return { apply: (_current, run) => run.now }
  if (!isDoc(operand)) {
    throw badValue(
      `${typeName(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
    )
  }
  const unknown = Object.keys(operand).find((name) => name !== '$type')
  if (unknown !== undefined) throw badValue(`Unrecognized $currentDate option: ${unknown}`)
  switch (operand['$type']) {
    case 'date':
      return { apply: (_current, run) => run.now }
    case 'timestamp':
      return { apply: (_current, run) => timestampOf(run.now) }
    default:
      throw badValue(
        `The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}`,
      )
  }
}

function timestampOf(now: Date): Timestamp {
  return new Timestamp({ t: Math.floor(now.getTime() / MILLISECONDS_PER_SECOND), i: 1 })
}

/** $rename: the source goes, and the target takes the value that the source had before the update. */
export const compileRename: CompileOperator = (path, operand) => {
  if (typeof operand !== 'string') {
    throw badValue(`The 'to' field for $rename must be a string: ${path}: ${showValue(operand)}`)
  }
  if (operand === path) {
    throw badValue(`The source and target field for $rename must differ: ${path}: "${operand}"`)
  }
  if (operand.startsWith(`${path}.`) || path.startsWith(`${operand}.`)) {
    throw badValue(`The source and target field for $rename must not be on the same path: ${path}: "${operand}"`)
  }
  refuseDynamic('source', path)
  refuseDynamic('destination', operand)
  const segments = path.split('.')
  return [
    { path, modifier: { apply: () => undefined, refuseArray: refuseArray('source', path) } },
    { path: operand, modifier: renamedFrom(segments, path, operand) },
  ]
}

function refuseDynamic(side: 'source' | 'destination', path: string): void {
  if (parsePath(path).some((segment) => segment.kind !== 'field')) {
    throw badValue(`The ${side} field for $rename may not be dynamic: ${path}`)
  }
}

function renamedFrom(segments: readonly string[], source: string, target: string): Modifier {
  return {
    apply: (current, run) => {
      const value = sourceValue(segments, source, run)
      return value === undefined ? current : value
    },
    refuseArray: refuseArray('destination', target),
  }
}

function sourceValue(segments: readonly string[], source: string, { root }: Run): unknown {
  let value: unknown = root
  for (const [i, segment] of segments.entries()) {
    if (value === undefined) return undefined
    if (Array.isArray(value) && isArrayIndex(segment)) {
      throw refuseArray('source', source)(segments[i - 1] as string, root)
    }
    if (!isDoc(value)) {
      throw pathNotViable(`Cannot use the part (${segment}) of (${source}) to traverse the element`)
    }
    value = getField(value, segment)
  }
  return value
}

function refuseArray(side: 'source' | 'destination', path: string) {
  return (name: string, root: Doc): Error =>
    badValue(
      `The ${side} field cannot be an array element, '${path}' in doc with _id: ${showValue(root['_id'])} has an array field called '${name}'`,
    )
}
