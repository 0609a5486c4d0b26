import type { FieldError } from '../errors'
import type { Position } from '../filter/sort'
import { type CursorScope, decodeCursor, encodeCursor } from './cursor'
import { joi } from './joi'

export const PAGE_SIZE_DEFAULT = 20
export const PAGE_SIZE_MAX = 100
/** How deep page numbers reach, in items. Skipping costs what reading does; a cursor costs the same at any depth. */
export const PAGED_ITEMS_MAX = 10_000
const CURSOR_LENGTH_MAX = 4_096

export type TotalMode = 'exact' | 'estimate' | 'none'

/** The query parameters of every list, as they come out of `pagingKeys`. */
export interface PagingQuery {
  readonly page?: number
  readonly page_size: number
  readonly cursor?: string
  readonly total?: TotalMode
}

export const pagingKeys = {
  page: joi
    .number()
    .integer()
    .min(1)
    .description(`Page number, 1 by default; page × page_size is at most ${PAGED_ITEMS_MAX}`)
    .example(1),
  page_size: joi.number().integer().min(1).max(PAGE_SIZE_MAX).default(PAGE_SIZE_DEFAULT).description('Items per page'),
  cursor: joi
    .string()
    .max(CURSOR_LENGTH_MAX)
    .description('Where to go on: the X-Next-Cursor of the page before, with the same sort and filter. Not with page.'),
  total: joi
    .string()
    .valid('exact', 'estimate', 'none')
    .description('How X-Total-Count is found: exact (the default without a cursor), estimate, or none (with one)'),
}

/** Response headers of every list, for the documentation. */
export const PAGING_HEADERS: Readonly<Record<string, string>> = {
  Link: 'Links to the first, prev, next and last page (RFC 8288)',
  'X-Total-Count': 'How many items match; absent with total=none, and with a cursor unless total asks for it',
  'X-Next-Cursor': 'The cursor of the next page; absent on the last page',
}

/** Which part of a list is asked for. */
export interface Paging {
  readonly skip: number
  readonly limit: number
  readonly after: Position | undefined
  readonly total: TotalMode
}

/** Adds to `problems` what the schema of each parameter alone cannot see. */
export function readPaging(query: PagingQuery, scope: CursorScope, problems: FieldError[]): Paging {
  const { cursor, page = 1, page_size: limit } = query
  if (cursor !== undefined && query.page !== undefined) {
    problems.push({ field: 'cursor', code: 'cursor.page', message: 'cursor and page exclude each other' })
  }
  if (page * limit > PAGED_ITEMS_MAX) {
    const message = `page × page_size must be at most ${PAGED_ITEMS_MAX}; to go further use X-Next-Cursor as cursor`
    problems.push({ field: 'page', code: 'page.depth', message })
  }
  const after = cursor === undefined ? undefined : decodeCursor(scope, cursor)
  if (cursor !== undefined && after === undefined) {
    const message = 'cursor is not one of this list: it holds for the sort and filter that it was made with'
    problems.push({ field: 'cursor', code: 'cursor.foreign', message })
  }
  return {
    skip: after ? 0 : (page - 1) * limit,
    limit,
    after,
    total: query.total ?? (cursor === undefined ? 'exact' : 'none'),
  }
}

/** What a list found. */
export interface PageFacts {
  /** The position of the last item, where more remain behind it. */
  readonly next: Position | undefined
  readonly total: number | undefined
}

/** The headers that lead on from a page. `url` is the request's own path and query. */
export function pagingHeaders(
  url: string,
  query: PagingQuery,
  scope: CursorScope,
  { next, total }: PageFacts,
): Record<string, string> {
  const cursor = next && encodeCursor(scope, next)
  const headers: Record<string, string> = { Link: linkHeader(url, query, cursor, total) }
  if (total !== undefined) headers['X-Total-Count'] = String(total)
  if (cursor !== undefined) headers['X-Next-Cursor'] = cursor
  return headers
}

function linkHeader(url: string, query: PagingQuery, cursor: string | undefined, total: number | undefined): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const rest = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  rest.delete('page')
  rest.delete('cursor')
  const others = rest.toString()
  const link = (relation: string, name: string, value: string | number) =>
    `<${path}?${others ? `${others}&` : ''}${name}=${value}>; rel="${relation}"`

  const { page = 1, page_size: size } = query
  const lastReachable = Math.floor(PAGED_ITEMS_MAX / size)
  const links = [link('first', 'page', 1)]
  if (query.cursor === undefined && page > 1) links.push(link('prev', 'page', page - 1))
  if (cursor !== undefined) {
    const byPage = query.cursor === undefined && page < lastReachable
    links.push(byPage ? link('next', 'page', page + 1) : link('next', 'cursor', cursor))
  }
  const last = total === undefined ? undefined : Math.max(1, Math.ceil(total / size))
  if (query.cursor === undefined && last !== undefined && last <= lastReachable) links.push(link('last', 'page', last))
  return links.join(', ')
}
