import { type Clock, systemClock } from './clock'
import { IncompleteListError, UnexpectedAnswerError } from './errors'
import type { Answer } from './requester'
import { nextDelayMs } from './retry-timing'

export interface Page<T> {
  readonly items: readonly T[]
  /** How many there are in all; undefined where the server did not count. */
  readonly total: number | undefined
  /** Where the next page begins; undefined on the last. */
  readonly nextCursor: string | undefined
}

/** A page, and when the server gave it; undefined where that is not to be seen (browsers). */
export interface ServedPage<T> extends Page<T> {
  readonly servedAt: Date | undefined
}

export interface Walk<T> {
  readonly load: (cursor: string | undefined) => Promise<ServedPage<T>>
  readonly pageSize: number
  /** Totals are estimates, and prove nothing. */
  readonly estimated?: boolean
  /** How many items must have come by on a walk that began then, whatever has changed since: at least so many. */
  readonly leastSince?: (begin: Date) => Promise<number>
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock
  readonly random?: () => number
}

export const WALK_PAGE_SIZE = 100
/** A page and its count are two looks at a list that changes: only what stays wrong is wrong. */
const LOOKS_MAX = 4
/** The header has whole seconds, and servers' clocks differ a little. */
const CLOCK_SLACK_MS = 5_000

/**
 * Reads a page. Every list names its neighbours in Link: without that header, or with one that says something else than
 * X-Next-Cursor, somebody on the way takes headers off (a browser does, unless the server exposes them), and a walk
 * would end early without a word.
 * @throws UnexpectedAnswerError
 */
export function readPage<T>({ data, header, call }: Answer<readonly T[]>): Page<T> {
  if (!Array.isArray(data)) throw new UnexpectedAnswerError('The answer is not a list', call)
  const link = header('link')
  const nextCursor = header('x-next-cursor')
  if (link === undefined || leadsOn(link) !== (nextCursor !== undefined)) {
    throw new UnexpectedAnswerError('The list does not say how it goes on', call)
  }
  const count = header('x-total-count')
  if (count !== undefined && !/^\d+$/.test(count)) throw new UnexpectedAnswerError('The list has no number', call)
  return { items: data, total: count === undefined ? undefined : Number(count), nextCursor }
}

/** As `readPage`, for walks. */
export function readServedPage<T>(answer: Answer<readonly T[]>): ServedPage<T> {
  const at = Date.parse(answer.header('date') ?? '')
  return { ...readPage(answer), servedAt: Number.isNaN(at) ? undefined : new Date(at) }
}

function leadsOn(link: string): boolean {
  return /;\s*rel="?next\b/i.test(link)
}

/**
 * Every page, following the cursors to the end, and never silently to less than that.
 * @throws IncompleteListError when the list turns in a circle, or shows less than it says that it holds
 */
export async function* walkPages<T>(walk: Walk<T>): AsyncGenerator<Page<T>> {
  const circle = new CircleGuard()
  let cursor: string | undefined
  let first: ServedPage<T> | undefined
  let seen = 0
  do {
    const page = await loadWhole(walk, cursor)
    first ??= page
    seen += page.items.length
    const { items, total, nextCursor } = page
    yield { items, total, nextCursor }
    if (nextCursor !== undefined && circle.closes(nextCursor)) {
      throw new IncompleteListError('The list does not go on: the server gave the same cursor again')
    }
    cursor = nextCursor
  } while (cursor !== undefined)
  if (!walk.estimated && first.total !== undefined && seen < first.total) await confirmEnd(walk, seen, first.servedAt)
}

/** Every item of every page, one page in memory at a time. */
export async function* walkItems<T>(walk: Walk<T>): AsyncGenerator<T> {
  for await (const { items } of walkPages(walk)) yield* items
}

/** Notices in constant memory that cursors come again (Brent's algorithm). */
class CircleGuard {
  #mark: string | undefined
  #steps = 0
  #nextMark = 1

  closes(cursor: string): boolean {
    if (cursor === this.#mark) return true
    this.#steps += 1
    if (this.#steps === this.#nextMark) {
      this.#mark = cursor
      this.#nextMark *= 2
    }
    return false
  }
}

async function loadWhole<T>(walk: Walk<T>, cursor: string | undefined): Promise<ServedPage<T>> {
  return lookAgain(walk, async () => {
    const page = await walk.load(cursor)
    const missing = whatIsMissing(walk.estimated ? { ...page, total: undefined } : page, walk.pageSize)
    return missing === undefined ? { page } : { wrong: missing }
  }).then(({ page }) => page)
}

function whatIsMissing<T>({ items, total, nextCursor }: Page<T>, pageSize: number): string | undefined {
  if (items.length > pageSize) return `a page of ${pageSize} has ${items.length} items`
  if (nextCursor === undefined) {
    return total !== undefined && items.length < total ? `only ${items.length} of ${total} items came` : undefined
  }
  return items.length < pageSize ? `a page of ${pageSize} has ${items.length} items, and is not the last` : undefined
}

/** Fewer items came than there were at the beginning. That is all right if so many have gone since, and not else. */
async function confirmEnd<T>(walk: Walk<T>, seen: number, begin: Date | undefined): Promise<void> {
  const { leastSince } = walk
  if (begin === undefined || !leastSince) return
  await lookAgain(walk, async () => {
    const least = await leastSince(new Date(begin.getTime() - CLOCK_SLACK_MS))
    return seen >= least ? { page: undefined } : { wrong: `only ${seen} of ${least} items or more came` }
  })
}

async function lookAgain<T, P>(
  { signal, clock = systemClock, random = Math.random }: Walk<T>,
  look: () => Promise<{ readonly page: P } | { readonly wrong: string }>,
): Promise<{ readonly page: P }> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await look()
    if ('page' in found) return found
    if (attempt === LOOKS_MAX) throw new IncompleteListError(`The list is not whole: ${found.wrong}`)
    await clock.sleep(nextDelayMs(attempt, undefined, random()), signal)
  }
}
