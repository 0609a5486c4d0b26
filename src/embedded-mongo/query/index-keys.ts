import { getField, isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { parallelArrays } from '../bson/errors'
import { EMPTY_ARRAY } from '../bson/types'
import { isArrayIndex } from './path'

export interface IndexKeys {
  /** One row of values (one value per field of the index) per entry; an array may make equal ones. Empty: not indexed. */
  readonly keys: readonly (readonly unknown[])[]
  /** The paths of the index that led through an array in this document. */
  readonly multikey: readonly string[]
}

export interface IndexKeysOptions {
  /** A document that has none of the fields gets no entry. */
  readonly sparse: boolean
}

type Row = readonly unknown[]
const NO_PATHS: readonly string[] = []

/** The entries of a document in an index, as indexRows finds them. */
export function indexKeys(doc: Doc, keyPattern: Doc, options: IndexKeysOptions): IndexKeys {
  const paths = Object.keys(keyPattern)
  const multikey = new Set<string>()
  const keys = [...indexRows(doc, paths, options, multikey)]
  return { keys, multikey: multikey.size === 0 ? NO_PATHS : paths.filter((path) => multikey.has(path)) }
}

/**
 * Missing fields count as null, an array gives one entry per element, and fields below the same array are expanded
 * together. Found one by one where there is an array; then `multikey` is complete at their end. Throws 171 when two
 * independent arrays meet.
 */
export function indexRows(
  doc: Doc,
  paths: readonly string[],
  { sparse }: IndexKeysOptions,
  multikey: Set<string>,
): Iterable<Row> {
  const plain = plainRow(doc, paths)
  if (plain !== undefined) return sparse && plain.every(isMissing) ? [] : [plain.map(stored)]
  const columns = paths.map((path) =>
    descend(doc, { path, rest: path.split('.'), value: undefined, array: undefined }, multikey),
  )
  if (multikey.size > 0) return storedRows(columns, sparse, multikey)
  const row = columns.map((column) => column.value)
  return sparse && row.every(isMissing) ? [] : [row.map(stored)]
}

/** The one row of most documents; undefined where arrays, or dots, are on the way. */
function plainRow(doc: Doc, paths: readonly string[]): Row | undefined {
  const row: unknown[] = []
  for (const path of paths) {
    const value = getField(doc, path)
    if (Array.isArray(value) || path.includes('.')) return undefined
    row.push(value)
  }
  return row
}

function* storedRows(columns: readonly Column[], sparse: boolean, multikey: Set<string>): Generator<Row> {
  for (const row of expand(columns, multikey)) {
    if (!sparse || !row.every(isMissing)) yield row.map(stored)
  }
}

function isMissing(value: unknown): boolean {
  return value === undefined
}

function stored(value: unknown): unknown {
  return value === undefined ? null : value
}

/** One field on its way to its value: at an array that is still to be expanded, or at the value. */
interface Column {
  readonly path: string
  /** The segments that are still to be walked, once inside `array`. */
  readonly rest: readonly string[]
  readonly value: unknown
  readonly array: readonly unknown[] | undefined
}

/** Walks from a document until the path ends or an array comes. */
function descend(from: Doc, column: Column, multikey: Set<string>): Column {
  const { path, rest } = column
  let value: unknown = from
  for (let i = 0; i < rest.length; i++) {
    if (Array.isArray(value)) return atArray(path, rest.slice(i), value, multikey)
    if (!isDoc(value)) return { path, rest: [], value: undefined, array: undefined }
    value = getField(value, rest[i] as string)
  }
  if (Array.isArray(value)) return atArray(path, [], value, multikey)
  return { path, rest: [], value, array: undefined }
}

function atArray(path: string, rest: readonly string[], array: readonly unknown[], multikey: Set<string>): Column {
  multikey.add(path)
  return { path, rest, value: undefined, array }
}

function* expand(columns: readonly Column[], multikey: Set<string>): Generator<Row> {
  const waiting = columns.filter((column) => column.array !== undefined)
  const array = waiting[0]?.array
  if (array === undefined) {
    yield columns.map((column) => column.value)
    return
  }
  const other = waiting.find((column) => column.array !== array)
  if (other !== undefined)
    throw parallelArrays(`cannot index parallel arrays [${lastName(other)}] [${lastName(waiting[0] as Column)}]`)
  if (array.length === 0) yield* expand(columns.map(emptied), multikey)
  for (const element of array) {
    const inside = columns.map((column) =>
      column.array === undefined ? column : intoElement(column, element, multikey),
    )
    // Nearly always so.
    if (inside.every((column) => column.array === undefined)) yield inside.map((column) => column.value)
    else yield* expand(inside, multikey)
  }
}

function lastName(column: Column): string {
  return column.path.split('.').at(-1 - column.rest.length) ?? column.path
}

function emptied(column: Column): Column {
  if (column.array === undefined) return column
  return { ...column, value: column.rest.length === 0 ? EMPTY_ARRAY : undefined, array: undefined }
}

function intoElement(column: Column, element: unknown, multikey: Set<string>): Column {
  const { path, rest, array } = column
  if (rest.length === 0) return { path, rest, value: element, array: undefined }
  const segment = rest[0] as string
  if (isArrayIndex(segment) && array !== undefined) {
    // The index names one element; every row has it.
    return descend({ [segment]: array[Number(segment)] }, { path, rest, value: undefined, array: undefined }, multikey)
  }
  if (!isDoc(element)) return { path, rest: [], value: undefined, array: undefined }
  return descend(element, { path, rest, value: undefined, array: undefined }, multikey)
}
