import { harmless, wrapped } from './text'

/** Where a command writes. */
export interface Terminal {
  /** Results. */
  readonly write: (text: string) => void
  /** For people: progress, prompts, errors. */
  readonly note: (text: string) => void
  /** Of the results; Infinity where no terminal shows them. */
  readonly columns: number
  /** Whether results may be coloured. */
  readonly colours: boolean
  /** How wide a line may be that is drawn again and again beside the results; undefined where none can be. */
  readonly noteColumns: number | undefined
}

const COLUMNS = 80

/** The streams of this process. Whether they are terminals, and how wide, may change while it runs. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process
  return {
    write: (text) => void stdout.write(text),
    note: (text) => void stderr.write(text),
    get columns() {
      return stdout.isTTY ? stdout.columns || COLUMNS : Infinity
    },
    get colours() {
      // It looks at NO_COLOR, FORCE_COLOR and TERM.
      return stdout.isTTY && stdout.hasColors()
    },
    get noteColumns() {
      return stderr.isTTY && process.env['TERM'] !== 'dumb' ? stderr.columns || COLUMNS : undefined
    },
  }
}

const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const

export function painted({ colours }: Pick<Terminal, 'colours'>, style: keyof typeof CODES, text: string): string {
  return colours ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text
}

/** Lines for people, as wide as the terminal; those that are indented stay as they are, to be copied. */
export function noteText(text: string, { noteColumns = Infinity }: Pick<Terminal, 'noteColumns'>): string {
  const lines = text.split('\n').map(harmless)
  return lines.flatMap((line) => (line.startsWith('  ') ? [line] : wrapped(line, noteColumns))).join('\n') + '\n'
}
