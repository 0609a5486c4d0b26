import { setTimeout as sleep } from 'node:timers/promises'
import { httpLoad, type Call } from './http-load'
import { measure, type Figure } from './window'

const PAGE_SIZE = 20
const WARM_UP_SECONDS = 2
/** What the end of a load cut off is still being worked on, hashes of passwords above all. */
const SETTLE_MS = 2_000

export interface ServiceTarget {
  readonly url: string
  readonly pids: Readonly<Record<string, number>>
}

const anyOf = (count: number) => Math.floor(Math.random() * count)

/** GET by id, a page of a list, PATCH of a name, and create, each in a window of its own. */
export async function measureService(
  target: ServiceTarget,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<Figure[]> {
  const ids = await allIds(target.url)
  if (ids.length === 0) throw new Error(`${target.url} holds no users`)
  const pages = Math.ceil(ids.length / PAGE_SIZE)
  let created = 0
  const calls: Readonly<Record<string, () => Call>> = {
    'GET by id': () => ({ method: 'GET', path: `/api/v1/users/${ids[anyOf(ids.length)]}` }),
    'list, page of 20': () => ({
      method: 'GET',
      path: `/api/v1/users?page_size=${PAGE_SIZE}&page=${1 + anyOf(Math.min(pages, 10_000 / PAGE_SIZE))}`,
    }),
    'PATCH name': () => ({
      method: 'PATCH',
      path: `/api/v1/users/${ids[anyOf(ids.length)]}`,
      body: { name: `Name ${anyOf(1e9)}` },
    }),
    'create, bcrypt': () => ({
      method: 'POST',
      path: '/api/v1/users',
      body: {
        name: 'New',
        email: `new.${process.pid}.${Date.now()}.${created++}@example.com`,
        password: 'Password@123',
      },
    }),
  }
  const figures: Figure[] = []
  for (const [name, call] of Object.entries(calls)) {
    const warmUp = Math.min(WARM_UP_SECONDS, seconds)
    await httpLoad(target.url, connections, { seconds: warmUp }, call)
    await sleep(SETTLE_MS)
    const load = () => httpLoad(target.url, connections, { seconds }, call)
    figures.push(await measure(name, target.pids, load))
  }
  return figures
}

async function allIds(url: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor = ''; ;) {
    const path = `/api/v1/users?page_size=100&fields=id${cursor && `&cursor=${encodeURIComponent(cursor)}`}`
    const response = await fetch(url + path)
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    ids.push(...((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id))
    cursor = response.headers.get('x-next-cursor') ?? ''
    if (!cursor) return ids
  }
}
