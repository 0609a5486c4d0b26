import { median } from '../window'
import { httpLoad } from '../http-load'

const CONNECTIONS = 32

export interface TokenCost {
  readonly open_per_second: number
  readonly token_per_second: number
  /** The median over the rounds of what the token takes of the throughput, from 0 to 1. */
  readonly cost: number
  readonly errors: number
}

/** GET by id without a token in open mode, and with one where it is required, in turns, on one worker each. */
export async function measureTokenCost(
  open: string,
  required: string,
  ids: readonly string[],
  token: string,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<TokenCost> {
  const windowS = Math.max(1, Math.round(seconds / rounds))
  let next = 0
  let errors = 0
  const path = () => `/api/v1/users/${ids[next++ % ids.length]}`
  const perSecond = async (url: string, headers: Readonly<Record<string, string>>) => {
    const sample = await httpLoad(url, CONNECTIONS, { seconds: windowS }, () => ({
      method: 'GET',
      path: path(),
      headers,
    }))
    errors += sample.errors
    return sample.times.length / windowS
  }
  const withToken = { authorization: `Bearer ${token}` }
  await perSecond(open, {})
  await perSecond(required, withToken)
  const pairs: (readonly [number, number])[] = []
  for (let round = 0; round < rounds; round++) {
    // Whoever is first in one round is second in the next.
    const openFirst = round % 2 === 0
    const first = await perSecond(openFirst ? open : required, openFirst ? {} : withToken)
    const second = await perSecond(openFirst ? required : open, openFirst ? withToken : {})
    pairs.push(openFirst ? [first, second] : [second, first])
  }
  return {
    open_per_second: median(pairs.map(([without]) => without)),
    token_per_second: median(pairs.map(([, with_]) => with_)),
    cost: median(pairs.map(([without, with_]) => 1 - with_ / without)),
    errors,
  }
}
