import { type Clock, systemClock } from '../client/clock'
import type { Terminal } from './terminal'
import { cut, textWidth } from './text'

const DRAW_MS = 100
/** The rate is that of this last while, so that the time left follows a server that gets slower. */
const RATE_WINDOW_MS = 10_000
const BAR_WIDTH_MAX = 30
const BAR_WIDTH_MIN = 5
const FULL = '━'
const EMPTY = '─'
const BACK_AND_ERASE = '\r\u001b[2K'

export interface ProgressState {
  readonly label: string
  readonly done: number
  /** undefined: nobody knows how much there is. */
  readonly total: number | undefined
  readonly perSecond: number
}

/** `Deleting  ━━━━━──────  412/1,000  87/s  7 s left`, no wider than the terminal. */
export function progressLine({ label, done, total, perSecond }: ProgressState, columns: number): string {
  const left = total === undefined || perSecond <= 0 ? undefined : (total - done) / perSecond
  const facts = [
    total === undefined ? counted(done) : `${counted(done)}/${counted(total)}`,
    `${perSecond < 10 ? perSecond.toFixed(1) : counted(Math.round(perSecond))}/s`,
    ...(left === undefined ? [] : [`${spanText(left)} left`]),
  ].join('  ')
  // The last column stays free: some terminals begin a new line when it is filled.
  const room = Math.min(BAR_WIDTH_MAX, columns - 1 - textWidth(label) - facts.length - 4)
  if (total === undefined || room < BAR_WIDTH_MIN) return cut(`${label}  ${facts}`, columns - 1)
  const full = total === 0 ? room : Math.floor((room * Math.min(done, total)) / total)
  return `${label}  ${FULL.repeat(full)}${EMPTY.repeat(room - full)}  ${facts}`
}

function counted(count: number): string {
  return count.toLocaleString('en')
}

/** `7 s`, `3 min 20 s`, `2 h 5 min`. */
export function spanText(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}

export interface ProgressOptions {
  readonly label: string
  readonly total?: number | undefined
  readonly terminal: Terminal
  /** With --json nothing is drawn. */
  readonly quiet: boolean
  readonly clock?: Pick<Clock, 'now'>
}

/** A line that is drawn again and again while long work goes on: on a terminal alone, and on standard error. */
export class Progress {
  readonly #options: ProgressOptions
  readonly #now: () => number
  readonly #isShown: boolean
  #total: number | undefined
  #done = 0
  #drawnAt = -Infinity
  /** When how much was done: the oldest one is no older than the window. */
  readonly #history: { readonly at: number; readonly done: number }[]

  constructor(options: ProgressOptions) {
    const { clock = systemClock, terminal, quiet } = options
    this.#options = options
    this.#total = options.total
    this.#now = clock.now
    this.#isShown = !quiet && terminal.noteColumns !== undefined
    this.#history = [{ at: clock.now(), done: 0 }]
    this.#draw()
  }

  set total(total: number | undefined) {
    this.#total = total
  }

  tick(count = 1): void {
    this.#done += count
    if (this.#isShown && this.#now() - this.#drawnAt >= DRAW_MS) this.#draw()
  }

  /** Prints something above the line. */
  above(print: () => void): void {
    this.end()
    print()
    this.#draw()
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) this.#options.terminal.note(BACK_AND_ERASE)
  }

  #draw(): void {
    const { terminal, label } = this.#options
    const { noteColumns } = terminal
    if (!this.#isShown || noteColumns === undefined) return
    const now = this.#now()
    this.#drawnAt = now
    const state = { label, done: this.#done, total: this.#total, perSecond: this.#rate(now) }
    terminal.note(BACK_AND_ERASE + progressLine(state, noteColumns))
  }

  #rate(now: number): number {
    this.#history.push({ at: now, done: this.#done })
    while (this.#history.length > 2 && now - (this.#history[1]?.at ?? now) >= RATE_WINDOW_MS) this.#history.shift()
    const [oldest] = this.#history
    const span = now - (oldest?.at ?? now)
    return span <= 0 ? 0 : ((this.#done - (oldest?.done ?? 0)) * 1_000) / span
  }
}
