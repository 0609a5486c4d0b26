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

type Row = unknown[]
const NO_PATHS: readonly string[] = []

/**
 * The entries of a document in an index: missing fields count as null, an array gives one entry per element, and
 * fields below the same array are expanded together. Throws 171 when two independent arrays meet.
 */
export function indexKeys(doc: Doc, keyPattern: Doc, options: IndexKeysOptions): IndexKeys {
  const paths = Object.keys(keyPattern)
  const plain = plainRow(doc, paths)
  if (plain !== undefined)
    return { keys: options.sparse && plain.every(isMissing) ? [] : [valuesOf(plain)], multikey: NO_PATHS }
  const rows: Row[] = []
  const multikey = new Set<string>()
  expand(
    paths.map((path) => descend(doc, { path, rest: path.split('.'), value: undefined, array: undefined }, multikey)),
    rows,
    multikey,
  )
  const kept = options.sparse ? rows.filter((row) => !row.every(isMissing)) : rows
  return {
    keys: kept.map(valuesOf),
    multikey: multikey.size === 0 ? NO_PATHS : paths.filter((path) => multikey.has(path)),
  }
}

function isMissing(value: unknown): boolean {
  return value === undefined
}

/** A missing field counts as null. */
function valuesOf(row: Row): Row {
  return row.map((value) => (value === undefined ? null : value))
}

/** The one row of most documents; undefined where arrays, or dots, are on the way. */
function plainRow(doc: Doc, paths: readonly string[]): Row | undefined {
  const row: Row = []
  for (const path of paths) {
    const value = getField(doc, path)
    if (Array.isArray(value) || path.includes('.')) return undefined
    row.push(value)
  }
  return row
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

function expand(columns: readonly Column[], rows: Row[], multikey: Set<string>): void {
  const waiting = columns.filter((column) => column.array !== undefined)
  const array = waiting[0]?.array
  if (array === undefined) {
    rows.push(columns.map((column) => column.value))
    return
  }
  const other = waiting.find((column) => column.array !== array)
  if (other !== undefined)
    throw parallelArrays(`cannot index parallel arrays [${lastName(other)}] [${lastName(waiting[0] as Column)}]`)
  if (array.length === 0) {
    expand(columns.map(emptied), rows, multikey)
    return
  }
  for (const element of array) {
    expand(
      columns.map((column) => (column.array === undefined ? column : intoElement(column, element, multikey))),
      rows,
      multikey,
    )
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
