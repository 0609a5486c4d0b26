import { IncompleteListError, RollcallClient, UnexpectedAnswerError } from '../../../src/client/index'
import type { HttpAnswer } from '../../../src/client/transport'

const TARGET = '/api/v1/users?page_size=2'

interface Answered {
  readonly ids?: readonly string[]
  readonly total?: number | string
  readonly cursor?: string
  /** What stands in place of what the cursor says. */
  readonly link?: string | undefined
  readonly date?: string
}

function answer({ ids = [], total, cursor, date, ...more }: Answered): HttpAnswer {
  const goesOn = cursor === undefined ? '' : `, <${TARGET}&cursor=${cursor}>; rel="next"`
  const headers: Readonly<Record<string, string | undefined>> = {
    'content-type': 'application/json',
    link: 'link' in more ? more.link : `<${TARGET}&page=1>; rel="first"${goesOn}`,
    'x-total-count': total === undefined ? undefined : String(total),
    'x-next-cursor': cursor,
    date,
  }
  const data = ids.map((id) => ({ id }))
  return { status: 200, header: (name) => headers[name], text: JSON.stringify({ data, message: '', status_code: 200 }) }
}

/** A client of a service that answers as it is told, and the targets that it was asked for. */
function listing(reply: (query: URLSearchParams, asked: number) => Answered) {
  const asked: URLSearchParams[] = []
  const client = new RollcallClient({
    baseUrl: 'http://127.0.0.1:1',
    transport: {
      send: async ({ target }) => {
        const query = new URL(target, 'http://a').searchParams
        asked.push(query)
        return answer(reply(query, asked.length))
      },
      close: async () => undefined,
    },
  })
  const walk = async () => {
    const ids: string[] = []
    for await (const { id } of client.users.each({ page_size: 2 })) ids.push(id)
    return ids
  }
  return { client, asked, walk }
}

const PAGES: Readonly<Record<string, Answered>> = {
  first: { ids: ['a', 'b'], total: 5, cursor: 'two', date: 'Sat, 21 Nov 2026 20:00:00 GMT' },
  two: { ids: ['c', 'd'], cursor: 'three' },
  three: { ids: ['e'] },
}
const pageOf = (query: URLSearchParams) => PAGES[query.get('cursor') ?? 'first']!

it('goes through all pages to the end', async () => {
  const { walk, asked } = listing(pageOf)

  expect(await walk()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(asked.map((query) => query.get('cursor'))).toEqual([null, 'two', 'three'])
})

it('loads a page when it is wanted, and no sooner', async () => {
  const { client, asked } = listing(pageOf)
  for await (const { id } of client.users.each({ page_size: 2 })) if (id === 'b') break

  expect(asked).toHaveLength(1)
})

describe('never silently stops', () => {
  it.each<[string, Answered]>([
    ['without Link', { ids: ['a', 'b'], link: undefined }],
    ['with a next page in Link, and no cursor', { ids: ['a', 'b'], link: `<${TARGET}&page=2>; rel="next"` }],
    ['with a cursor, and no next page in Link', { ids: ['a', 'b'], cursor: 'two', link: `<${TARGET}>; rel="first"` }],
    ['with a number that is none', { ids: ['a', 'b'], total: 'many' }],
  ])('a page %s is an error', async (_, page) => {
    await expect(listing(() => page).walk()).rejects.toBeInstanceOf(UnexpectedAnswerError)
  })

  it.each<[string, Answered]>([
    ['that lacks items and is not the last', { ids: ['c'], cursor: 'three' }],
    ['that has more items than a page', { ids: ['c', 'd', 'x'], cursor: 'three' }],
  ])('a page %s is looked at again, and is an error when it stays so', async (_, short) => {
    const isSecond = (query: URLSearchParams) => query.get('cursor') === 'two'
    const lasting = listing((query) => (isSecond(query) ? short : pageOf(query)))
    await expect(lasting.walk()).rejects.toBeInstanceOf(IncompleteListError)

    let times = 0
    const passing = listing((query) => (isSecond(query) && (times += 1) < 3 ? short : pageOf(query)))
    expect(await passing.walk()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('an only page that holds less than it counts is an error', async () => {
    await expect(listing(() => ({ ids: ['a'], total: 2 })).walk()).rejects.toThrow('only 1 of 2 items came')
  })

  it.each([
    ['one cursor', 1],
    ['three cursors', 3],
    ['forty cursors', 40],
  ])('a list that turns in a circle of %s is an error', async (_, length) => {
    const { walk, asked } = listing((__, number) => ({ ids: ['x', 'y'], cursor: `c${number % length}` }))

    await expect(walk()).rejects.toThrow('same cursor again')
    expect(asked.length).toBeLessThan(length * 4)
  })

  describe('when fewer items came than there were', () => {
    /** Its last page is lost; `now` are there at the end, and `changed` of them since the beginning. */
    const ended = (now: number, changed: number) =>
      listing((query) => {
        if (query.get('total') === 'exact') return { total: query.has('updated_after') ? changed : now }
        return query.get('cursor') === 'two' ? { ids: ['c', 'd'] } : pageOf(query)
      })

    it('and they are still there, it is an error', async () => {
      await expect(ended(5, 0).walk()).rejects.toThrow('only 4 of 5 items or more came')
    })

    it('and one has gone, or came anew, it is the end', async () => {
      expect(await ended(4, 0).walk()).toHaveLength(4)
      const { walk, asked } = ended(5, 1)
      expect(await walk()).toHaveLength(4)
      expect(asked.at(-1)!.get('updated_after')).toBe('2026-11-21T19:59:55.000Z')
    })
  })

  it('an estimate proves nothing', async () => {
    const { client } = listing(() => ({ ids: ['a'], total: 7 }))
    const ids: string[] = []
    for await (const { id } of client.users.each({ total: 'estimate' })) ids.push(id)

    expect(ids).toEqual(['a'])
  })
})
