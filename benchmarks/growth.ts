import { httpLoad } from './http-load'
import { quantile } from './window'

/** The warm-up is this part of the measurement. */
const WARM_UP_SHARE = 1 / 6

/** '' is the default order. */
export const ORDERS = [
  '',
  ...['created_at', 'updated_at', 'name', 'first_name', 'last_name', 'email', 'age'].flatMap((field) => [
    field,
    `-${field}`,
  ]),
] as const

/** The median time of page 1 of each order, one request at a time, in milliseconds. */
export async function measureLists(url: string, requests: number): Promise<Record<string, number>> {
  const medians: Record<string, number> = {}
  for (const order of ORDERS) {
    const path = `/api/v1/users?page_size=20${order && `&sort=${order}`}`
    const run = (amount: number) => httpLoad(url, 1, { amount }, () => ({ method: 'GET', path }))
    await run(Math.ceil(requests * WARM_UP_SHARE))
    const { times, errors } = await run(requests)
    if (errors > 0) throw new Error(`${errors} errors from ${path}`)
    medians[order || 'default'] = quantile(
      times.sort((a, b) => a - b),
      0.5,
    )
  }
  return medians
}
