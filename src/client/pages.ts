import { UnexpectedAnswerError } from './errors'
import type { Answer } from './requester'

export interface Page<T> {
  readonly items: readonly T[]
  /** How many there are in all; undefined where the server did not count. */
  readonly total: number | undefined
  /** Where the next page begins; undefined on the last. */
  readonly nextCursor: string | undefined
}

export const WALK_PAGE_SIZE = 100

/**
 * Reads a page. Every list names its neighbours in Link: without that header somebody on the way takes headers off (a
 * browser does, unless the server exposes them), and a walk would end early without a word.
 * @throws UnexpectedAnswerError
 */
export function readPage<T>({ data, header, call }: Answer<readonly T[]>): Page<T> {
  if (!Array.isArray(data)) throw new UnexpectedAnswerError('The answer is not a list', call)
  if (header('link') === undefined) throw new UnexpectedAnswerError('The list does not say how it goes on', call)
  const total = header('x-total-count')
  return {
    items: data,
    total: total === undefined ? undefined : Number(total),
    nextCursor: header('x-next-cursor'),
  }
}

/** Every page, following the cursors to the end. */
export async function* walkPages<T>(load: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<Page<T>> {
  let cursor: string | undefined
  do {
    const page: Page<T> = await load(cursor)
    yield page
    if (page.nextCursor !== undefined && page.nextCursor === cursor) {
      throw new Error('The list does not go on: the server gave the same cursor again')
    }
    cursor = page.nextCursor
  } while (cursor !== undefined)
}

/** Every item of every page, one page in memory at a time. */
export async function* walkItems<T>(load: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  for await (const { items } of walkPages(load)) yield* items
}
