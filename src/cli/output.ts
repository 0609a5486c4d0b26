/** Where a command writes. */
export interface Terminal {
  readonly write: (text: string) => void
  /** For people: progress, prompts, errors. */
  readonly note: (text: string) => void
  readonly isTerminal: boolean
  readonly columns: number
}

export const processTerminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY,
  columns: process.stdout.isTTY ? process.stdout.columns : Infinity,
}

const GAP = 2
const COLUMN_WIDTH_MIN = 6
// eslint-disable-next-line no-control-regex -- whatever the server keeps must not command the terminal
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

export type Row = Readonly<Record<string, unknown>>

/** A value as it stands in a cell. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cellText).join(', ')
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replace(UNSAFE, '\uFFFD')
}

/** Rows below their headings, as wide as the terminal at most: the widest columns give way first. */
export function tableText(columns: readonly string[], rows: readonly Row[], width: number): string {
  const cells = [
    columns.map((name) => name.replaceAll('_', ' ').toUpperCase()),
    ...rows.map((row) => columns.map((name) => cellText(row[name]))),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)))
  const room = () => widths.reduce((sum, one) => sum + one, GAP * (columns.length - 1))
  while (room() > width) {
    // Not the first: it is the id or the name that the next command is given.
    const widest = widths.indexOf(Math.max(...widths.slice(1)), 1)
    const current = widths[widest] ?? 0
    if (current <= COLUMN_WIDTH_MIN) break
    widths[widest] = current - 1
  }
  const fit = (text: string, size: number) => (text.length > size ? `${text.slice(0, size - 1)}…` : text.padEnd(size))
  const lines = cells.map((line) =>
    line
      .map((text, index) => fit(text, widths[index] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** One thing, a field a line. */
export function recordText(row: Row): string {
  const size = Math.max(...Object.keys(row).map((name) => name.length))
  return Object.entries(row)
    .map(([name, value]) => `${name.replaceAll('_', ' ').padEnd(size)}  ${cellText(value)}\n`)
    .join('')
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
