import { quantile } from '../window'
import { emailOf } from './accounts'

const ATTEMPTS = 12

/** The median time of a login that fails, one at a time, in milliseconds: with a wrong password, and for nobody. */
export async function measureEqualTime(
  url: string,
): Promise<{ readonly wrong_ms: number; readonly missing_ms: number }> {
  const failMs = async (email: string) => {
    const begin = performance.now()
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ email, password: 'Password@124' })
    const response = await fetch(`${url}/auth/login`, { method: 'POST', headers, body })
    await response.arrayBuffer()
    if (response.status !== 401) throw new Error(`A wrong login answers ${response.status}`)
    return performance.now() - begin
  }
  const wrong: number[] = []
  const missing: number[] = []
  for (let n = 0; n < ATTEMPTS; n++) {
    wrong.push(await failMs(emailOf(n)))
    missing.push(await failMs(`nobody${n}@example.com`))
  }
  const middle = (times: number[]) =>
    quantile(
      times.sort((a, b) => a - b),
      0.5,
    )
  return { wrong_ms: middle(wrong), missing_ms: middle(missing) }
}
