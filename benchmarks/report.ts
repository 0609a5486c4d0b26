import type { Figure } from './window'

/** A table in Markdown: the first column to the left, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

export function figureTable(figures: readonly Figure[]): string {
  const processes = Object.keys(figures[0]?.cpu ?? {})
  const header = ['', 'per second', 'p50 ms', 'p99 ms', 'errors', ...processes.map((name) => `cores ${name}`)]
  const memory = Object.keys(figures[0]?.memory ?? {})
  const rows = figures.map((figure) => [
    figure.name,
    figure.per_second.toFixed(figure.per_second < 100 ? 1 : 0),
    figure.p50.toFixed(2),
    figure.p99.toFixed(2),
    String(figure.errors),
    ...processes.map((name) => figure.cpu[name]!.toFixed(2)),
    ...memory.map((name) => figure.memory[name]!.toFixed(0)),
  ])
  return table([...header, ...memory.map((name) => `MiB ${name}`)], rows)
}

/** One column of medians per size, and how much the last is above the first. */
export function growthTable(bySize: ReadonlyMap<number, Readonly<Record<string, number>>>): string {
  const columns = [...bySize.values()]
  const header = [
    'p50 ms of page 1',
    ...[...bySize.keys()].map((size) => `${size.toLocaleString('en')} users`),
    'ratio',
  ]
  const rows = Object.keys(columns[0] ?? {}).map((order) => {
    const cells = columns.map((column) => column[order]!)
    return [order, ...cells.map((cell) => cell.toFixed(2)), (cells.at(-1)! / cells[0]!).toFixed(2)]
  })
  return table(header, rows)
}
