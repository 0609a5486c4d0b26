import { Binary, Double, Int32 } from 'bson'
import { getField, hasField, isDoc, setField, writeDoc } from '../../../bson/doc'
import type { Doc } from '../../../bson/doc'
import { spend, spendOnText } from '../../../bson/effort'
import { documentTooLarge } from '../../../bson/errors'
import { textOf, typeName, rankOf, RANK, docOf } from '../../../bson/types'
import { integerOf } from './arrays'
import { located, namedArguments, values, variadic } from './arguments'
import type { Compile, CompileOperation } from './environment'
import { isNullish } from './environment'

/** The later document wins, field by field; null and missing count for nothing. */
export function mergeDocs(docs: readonly unknown[]): Doc {
  const result: Doc = {}
  for (const doc of docs) {
    if (isNullish(doc)) continue
    if (rankOf(doc) !== RANK.object) {
      throw located(40400, `$mergeObjects requires object inputs, but input is of type ${typeName(doc)}`)
    }
    const entries = Object.entries(docOf(doc))
    spend(entries.length)
    for (const [name, value] of entries) setField(result, name, value)
  }
  return result
}

const mergeObjects = variadic((args) => {
  const lists = args.length === 1 && Array.isArray(args[0]) ? (args[0] as readonly unknown[]) : args
  return mergeDocs(lists)
})

/** `$getField: 'name'` or `{field, input}`. */
const readField: CompileOperation = (operand, compile, name) => {
  const named =
    isDoc(operand) && 'field' in operand ? namedArguments(operand, name, ['field'], ['input']) : { field: operand }
  const [field, input] = [compileName(named['field'], compile), compile(named['input'] ?? '$$CURRENT')]
  return (env) => {
    const [key, doc] = [field(env), input(env)]
    if (typeof key !== 'string') throw located(3041704, '$getField requires a string as its field')
    return isDoc(doc) ? getField(doc, key) : isNullish(doc) ? doc : undefined
  }
}

/** A name may begin with a dollar only as a literal: a bare string is the name itself. */
function compileName(part: unknown, compile: Compile) {
  return typeof part === 'string' && !part.startsWith('$') ? () => part : compile(part)
}

function writeField(required: readonly string[]): CompileOperation {
  return (operand, compile, name) => {
    const named = namedArguments(operand, name, required)
    const [field, input] = [compileName(named['field'], compile), compile(named['input'])]
    const value = 'value' in named ? compile(named['value']) : (): undefined => undefined
    return (env) => {
      const [key, doc] = [field(env), input(env)]
      if (isNullish(doc)) return null
      if (typeof key !== 'string' || !isDoc(doc)) throw located(4161105, `${name} requires a document and a field name`)
      return changed(doc, key, value(env))
    }
  }
}

function changed(doc: Doc, key: string, value: unknown): Doc {
  if (value === undefined && !hasField(doc, key)) return doc
  const copy = { ...doc }
  spend(Object.keys(copy).length)
  if (value === undefined) Reflect.deleteProperty(copy, key)
  else setField(copy, key, value)
  return copy
}

/** Longer than a text may be that is stored. */
const TEXT_LENGTH_MAX = 16 * 1_024 * 1_024

const concat = variadic((args) => {
  if (args.some(isNullish)) return null
  let length = 0
  const texts = args.map((arg) => {
    if (typeof arg !== 'string') throw located(16702, `$concat only supports strings, not ${typeName(arg)}`)
    length += arg.length
    if (length > TEXT_LENGTH_MAX) throw documentTooLarge(`$concat would make more than ${TEXT_LENGTH_MAX} characters`)
    return arg
  })
  return texts.join('')
})

function recased(change: (text: string) => string): CompileOperation {
  return values(1, 1, (value) => (isNullish(value) ? '' : change(stringOf(value))))
}

function stringOf(value: unknown): string {
  if (rankOf(value) === RANK.string) return textOf(value)
  if (value instanceof Date) return value.toISOString()
  if (rankOf(value) === RANK.number) return String(value)
  throw located(16007, `can't convert from BSON type ${typeName(value)} to String`)
}

/** ASCII alone, as MongoDB's. */
const upper = (text: string): string => text.replaceAll(/[a-z]+/g, (run) => run.toUpperCase())
const lower = (text: string): string => text.replaceAll(/[A-Z]+/g, (run) => run.toLowerCase())

/** By code points, which are not JavaScript's units. */
const indexOfCodePoint = values(2, 4, (text, sought, from, to) => {
  if (isNullish(text)) return null
  if (typeof text !== 'string' || typeof sought !== 'string') {
    throw located(40093, `$indexOfCP requires strings, found: ${typeName(text)} and ${typeName(sought)}`)
  }
  const points = Array.from(text)
  const start = from === undefined ? 0 : integerOf('$indexOfCP', from)
  const end = to === undefined ? points.length : integerOf('$indexOfCP', to)
  const part = points.slice(start, end).join('')
  const at = part.indexOf(sought)
  return new Int32(at < 0 || start > points.length ? -1 : start + Array.from(part.slice(0, at)).length)
})

function sizeOf(name: string, measure: (value: unknown) => number | undefined): CompileOperation {
  return values(1, 1, (value) => {
    if (isNullish(value)) return null
    const size = measure(value)
    if (size === undefined) throw located(51277, `${name} does not take a ${typeName(value)}`)
    return new Int32(size)
  })
}

function binarySize(value: unknown): number | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value)
  return value instanceof Binary ? value.position : undefined
}

function storedSize(doc: Doc): number {
  const { byteLength } = writeDoc(doc)
  spendOnText(byteLength)
  return byteLength
}

export const OBJECTS: Readonly<Record<string, CompileOperation>> = {
  $binarySize: sizeOf('$binarySize', binarySize),
  $bsonSize: sizeOf('$bsonSize', (value) => (isDoc(value) ? storedSize(value) : undefined)),
  $concat: concat,
  $getField: readField,
  $indexOfCP: indexOfCodePoint,
  $mergeObjects: mergeObjects,
  $rand: () => () => new Double(Math.random()),
  $setField: writeField(['field', 'input', 'value']),
  $toLower: recased(lower),
  $toUpper: recased(upper),
  $unsetField: writeField(['field', 'input']),
}
