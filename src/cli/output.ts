import { harmless, padded, textWidth } from './text'

const GAP = 2
const COLUMN_WIDTH_MIN = 6

export type Row = Readonly<Record<string, unknown>>

export interface TableOptions {
  /** Columns that can be done without: on a narrow terminal they go first, the last one before the others. */
  readonly spare?: readonly string[]
}

/** A value as it stands in a cell. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cellText).join(', ')
  return harmless(typeof value === 'string' ? value : JSON.stringify(value))
}

function headingOf(column: string): string {
  return column
    .replace(/^is_/, '')
    .replace(/(?<!^)_at$/, '')
    .replaceAll('_', ' ')
    .toUpperCase()
}

/** Rows below their headings, as wide as the terminal at most: the widest columns give way first. */
export function tableText(
  columns: readonly string[],
  rows: readonly Row[],
  width: number,
  { spare = [] }: TableOptions = {},
): string {
  const chosen = [...columns]
  const dispensable = [...spare]
  let cells = cellsOf(chosen, rows)
  while (dispensable.length > 0 && roomOf(widthsOf(cells)) > width) {
    chosen.splice(chosen.indexOf(dispensable.pop() ?? ''), 1)
    cells = cellsOf(chosen, rows)
  }
  const widths = shrunk(widthsOf(cells), width)
  const lines = cells.map((line) => line.map((text, index) => padded(text, widths[index] ?? 0)).join(' '.repeat(GAP)))
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

function cellsOf(columns: readonly string[], rows: readonly Row[]): readonly (readonly string[])[] {
  return [columns.map(headingOf), ...rows.map((row) => columns.map((name) => cellText(row[name])))]
}

function widthsOf(cells: readonly (readonly string[])[]): readonly number[] {
  const [headings = []] = cells
  return headings.map((_, index) => cells.reduce((most, line) => Math.max(most, textWidth(line[index] ?? '')), 0))
}

function roomOf(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, GAP * (widths.length - 1))
}

function shrunk(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural]
  while (roomOf(widths) > width) {
    // Not the first: it is the id or the name that the next command is given.
    const widest = widths.indexOf(Math.max(...widths.slice(1)), 1)
    const current = widths[widest] ?? 0
    if (current <= COLUMN_WIDTH_MIN) break
    widths[widest] = current - 1
  }
  return widths
}

/** One thing, a field a line. */
export function recordText(row: Row): string {
  const size = Math.max(...Object.keys(row).map((name) => name.length))
  return Object.entries(row)
    .map(([name, value]) => `${name.replaceAll('_', ' ').padEnd(size)}  ${cellText(value)}\n`)
    .join('')
}
