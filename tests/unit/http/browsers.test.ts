import request from 'supertest'
import { serve } from './support/serve'

const YEAR_S = 31_536_000

describe('Strict-Transport-Security', () => {
  const asked = async (env: Readonly<Record<string, string>>, forwarded?: string) => {
    const served = await serve({ env })
    const answer = (path: string) => {
      const get = request(served.url).get(path)
      return forwarded === undefined ? get : get.set('X-Forwarded-Proto', forwarded)
    }
    const headers = [await answer('/notes/7'), await answer('/nowhere'), await answer('/docs')].map(
      (one) => one.headers['strict-transport-security'],
    )
    await served.stop()
    return headers
  }

  it.each([
    ['nobody asks for it', {}, 'https'],
    ['the proxy is not trusted', { HSTS_MAX_AGE_S: String(YEAR_S) }, 'https'],
    ['the request came in clear', { HSTS_MAX_AGE_S: String(YEAR_S), TRUST_PROXY: 'loopback' }, 'http'],
    ['there is no proxy', { HSTS_MAX_AGE_S: String(YEAR_S), TRUST_PROXY: 'loopback' }, undefined],
  ])('is absent where %s', async (_, env, forwarded) => {
    expect(await asked(env, forwarded)).toEqual([undefined, undefined, undefined])
  })

  it('is on every answer to a request that a trusted proxy had over TLS', async () => {
    const header = `max-age=${YEAR_S}`

    expect(await asked({ HSTS_MAX_AGE_S: String(YEAR_S), TRUST_PROXY: 'loopback' }, 'https')).toEqual([
      header,
      header,
      header,
    ])
  })
})

describe('other origins', () => {
  const ORIGIN = 'https://app.example.com'
  const preflight = (url: string, origin: string) =>
    request(url)
      .options('/api/v1/notes/7')
      .set('Origin', origin)
      .set('Access-Control-Request-Method', 'PATCH')
      .set('Access-Control-Request-Headers', 'authorization,content-type,if-match')

  it('may not call at all by default', async () => {
    const served = await serve()
    const answers = [
      await preflight(served.url, ORIGIN),
      await request(served.url).get('/notes/7').set('Origin', ORIGIN),
    ]
    await served.stop()

    for (const { headers } of answers) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  it('of CORS_ORIGINS may send a token, and never cookies; others may not', async () => {
    const served = await serve({ env: { CORS_ORIGINS: ORIGIN } })
    const allowed = await preflight(served.url, ORIGIN)
    const refused = await preflight(served.url, 'https://evil.example')
    await served.stop()

    expect(allowed.status).toBe(204)
    expect(allowed.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(allowed.headers['access-control-allow-headers']).toBe('authorization,content-type,if-match')
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined()
    expect(refused.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('AUTH_MODE=required', () => {
  it('answers whatever Host it is called by', async () => {
    const served = await serve({ env: { AUTH_MODE: 'required' } })
    const { status } = await request(served.url).get('/ping').set('Host', 'id.example.com')
    await served.stop()

    expect(status).toBe(200)
  })
})
