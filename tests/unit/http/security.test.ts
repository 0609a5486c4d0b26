import request from 'supertest'
import { bodyOf, raw, serve, until, type Served } from './support/serve'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.stop())

const ask = async (host: string | undefined) => {
  const line = host === undefined ? '' : `Host: ${host}\r\n`
  return raw(served.port, `GET /ping HTTP/1.1\r\n${line}Connection: close\r\n\r\n`)
}

describe('in open mode', () => {
  it.each([
    'localhost',
    'localhost:8000',
    'api.localhost:1',
    'LOCALHOST',
    '127.0.0.1',
    '127.8.9.1:65535',
    '[::1]:8000',
  ])('Host %s is answered', async (host) => {
    expect(await ask(host)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each([
    'example.com',
    'localhost.example.com',
    'evil-localhost',
    '127.0.0.1.example.com',
    '128.0.0.1',
    '[::2]',
    '0.0.0.0',
    'localhost@example.com',
    'a'.repeat(5_000),
    '',
    undefined,
  ])('Host %.60s is refused', async (host) => {
    const answer = await ask(host)

    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(bodyOf(answer)).toMatchObject({ data: { code: 'FORBIDDEN', errors: [] }, status_code: 403 })
  })
})

describe('headers', () => {
  it.each(['/ping', '/nope', '/notes/broken'])('%s forbids a browser everything', async (path) => {
    const { headers } = await request(served.url).get(path)

    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'cache-control': 'private, no-cache',
    })
    expect(headers['strict-transport-security']).toBeUndefined()
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  it.each(['/docs', '/redoc'])('%s loads from here alone, over plain HTTP', async (path) => {
    const { headers, text } = await request(served.url).get(path).expect(200)
    const policy = String(headers['content-security-policy']).split(';')

    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'self'",
        "script-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
      ]),
    )
    expect(policy.join()).not.toContain('upgrade-insecure-requests')
    expect(text).not.toMatch(/https?:\/\//)
  })
})

describe('CORS_ORIGINS', () => {
  it('lets these origins in, and their preflight', async () => {
    const open = await serve({ env: { CORS_ORIGINS: 'https://app.example.com, http://localhost:3000' } })
    const origin = 'https://app.example.com'
    const answer = await request(open.url).get('/notes/7').set('Origin', origin)
    const other = await request(open.url).get('/notes/7').set('Origin', 'https://evil.example')
    const preflight = await request(open.url)
      .options('/notes/7')
      .set('Origin', origin)
      .set('Access-Control-Request-Method', 'PATCH')
    await open.stop()

    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin', etag: '"3"' })
    expect(answer.headers['access-control-expose-headers']).toContain('ETag')
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
    expect([preflight.status, preflight.headers['access-control-allow-methods']]).toEqual([
      204,
      expect.stringContaining('PATCH'),
    ])
  })
})

describe('the log', () => {
  const entries = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))

  it('has one line for a request, with the template of its route', async () => {
    await request(served.url).get('/note?limit=1').set('X-Request-Id', 'one-line')
    await until(() => served.log().includes('one-line'))

    expect(entries(served.log()).filter(({ request_id }) => request_id === 'one-line')).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: 'info',
        message: 'GET /api/v1/notes 200',
        request_id: 'one-line',
        method: 'GET',
        route: '/api/v1/notes',
        path: '/note',
        status: 200,
        duration_ms: expect.any(Number),
        bytes: expect.any(Number),
      },
    ])
  })

  it.each(['json', 'pretty'])('%s: no path and no header makes a second line or a colour', async (format) => {
    const other = await serve({ env: { LOG_FORMAT: format } })
    const line = (text: string) => raw(other.port, Buffer.from(text, 'latin1'), 200)
    const tail = 'Host: localhost\r\nConnection: close\r\n'
    await line(`GET /a%0d%0aforged%1b[31m HTTP/1.1\r\n${tail}\r\n`)
    await line(`GET /b\x9b31m\x85forged\xe2\x80\xa8forged HTTP/1.1\r\n${tail}\r\n`)
    await line(`GET /c HTTP/1.1\r\n${tail}X-Request-Id: x\x1b[31m\x9bforged\r\nUser-Agent: \x1b]0;forged\x07\r\n\r\n`)
    await line(`GET /last HTTP/1.1\r\n${tail}\r\n`)
    await until(() => other.log().includes('/last') || other.log().split('\n').length > 4)
    const log = other.log()
    await other.stop()

    expect(log.split(/[\n\r\u0085\u2028\u2029]/).filter((text) => text !== '')).toHaveLength(log.split('\n').length - 1)
    // eslint-disable-next-line no-control-regex -- these are what must not be there, but for our own colours
    expect(log.replaceAll(/\u001b\[\d+m/g, '').replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    expect(log).not.toContain('\u001b[31m')
  })

  it('never shows a password of a body', async () => {
    await request(served.url).post('/notes').send({ text: 'a', secret: 'Hunter2!' }).expect(400)
    await request(served.url).post('/notes').type('json').send('{"secret":"Hunter2!').expect(400)
    await request(served.url).post('/notes').send({ text: 'a', secret: 'hunterlower' }).expect(201)
    await request(served.url).get('/notes/last').expect(200)
    await until(() => served.log().includes('/notes/last'))

    expect(served.log()).not.toMatch(/Hunter2!|hunterlower/)
  })

  it('LOG_LEVEL=warn leaves the access log out', async () => {
    const quiet = await serve({ env: { LOG_LEVEL: 'warn' } })
    await request(quiet.url).get('/notes/7').expect(200)
    await request(quiet.url).get('/notes/broken').expect(500)
    const log = quiet.log()
    await quiet.stop()

    expect(entries(log).map(({ level }) => level)).toEqual(['error'])
  })
})
