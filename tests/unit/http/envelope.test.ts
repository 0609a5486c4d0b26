import { brotliCompressSync, gzipSync } from 'node:zlib'
import request from 'supertest'
import { bodyOf, raw, serve, type Served } from './support/serve'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.stop())

const api = () => request(served.url)
const FAILED = { 'content-type': 'application/json; charset=utf-8' }

function failure(answer: request.Response, code: string, message: string, errors: readonly object[] = []) {
  return {
    data: { code, errors, request_id: answer.headers['x-request-id'] },
    message,
    status_code: answer.status,
  }
}

describe('a success', () => {
  it.each(['/api/v1/notes/7', '/notes/7', '/note/7', '/note/7/'])('GET %s answers the envelope', async (path) => {
    const answer = await api().get(path).expect(200)

    expect(answer.text).toBe('{"data":{"id":"7","text":"Buy milk","stars":3},"message":"Note found","status_code":200}')
    expect(answer.headers).toMatchObject({ ...FAILED, etag: '"3"', 'content-length': '88' })
    expect(answer.headers['x-powered-by']).toBeUndefined()
  })

  it('HEAD answers the headers of GET alone', async () => {
    const answer = await api().head('/notes/7').expect(200)

    expect(answer.headers).toMatchObject({ etag: '"3"', 'content-length': '88' })
    expect(answer.text).toBeUndefined()
  })

  it.each(['"3"', 'W/"3"', '"1", "3"', '*'])('If-None-Match %s answers 304 without a body', async (tag) => {
    const answer = await api().get('/notes/7').set('If-None-Match', tag).expect(304)

    expect([answer.text, answer.headers['etag'], answer.headers['content-type']]).toEqual(['', '"3"', undefined])
  })

  it('204 has no body', async () => {
    const answer = await api().delete('/notes/7').expect(204)

    expect([answer.text, answer.headers['content-length'], answer.headers['content-type']]).toEqual([
      '',
      undefined,
      undefined,
    ])
  })
})

describe('the request id', () => {
  it.each(['a', 'A-1_b.c', 'x'.repeat(128)])('%s of the caller is kept', async (id) => {
    const answer = await api().get('/ping').set('X-Request-Id', id)

    expect(answer.headers['x-request-id']).toBe(id)
  })

  it.each(['', 'a b', 'x'.repeat(129), 'ä', 'a,b', '<script>'])('%p is replaced', async (id) => {
    const answer = await api().get('/ping').set('X-Request-Id', Buffer.from(id).toString('latin1'))

    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })
})

describe('routing', () => {
  it.each(['/', '/nope', '/api/v1', '/api/v2/notes', '/notes/7/x', '/NOTES', '//notes'])(
    '%s is no route',
    async (path) => {
      const answer = await api().get(path).expect(404)

      expect(answer.body).toEqual(failure(answer, 'ROUTE_NOT_FOUND', 'No such route'))
    },
  )

  it.each([
    ['put', '/notes/7', 'GET, PATCH, DELETE, HEAD, OPTIONS'],
    ['delete', '/api/v1/notes', 'GET, POST, HEAD, OPTIONS'],
    ['post', '/ping', 'GET, HEAD, OPTIONS'],
    ['post', '/docs', 'GET, HEAD, OPTIONS'],
    ['propfind', '/notes/7', 'GET, PATCH, DELETE, HEAD, OPTIONS'],
  ] as const)('%s %s is refused with Allow', async (method, path, allow) => {
    const answer = await (api() as unknown as Record<string, (path: string) => request.Test>)[method]!(path)

    expect([answer.status, answer.headers['allow']]).toEqual([405, allow])
    expect(answer.body).toEqual(failure(answer, 'METHOD_NOT_ALLOWED', 'This route does not know this method'))
  })

  it('OPTIONS tells the methods', async () => {
    const answer = await api().options('/notes').expect(204)

    expect([answer.headers['allow'], answer.text]).toEqual(['GET, POST, HEAD, OPTIONS', ''])
  })

  it.each(['/notes/%ff', '/notes/%', '/notes/%E0%A4%A'])(
    '%s: a path with a malformed escape names nothing',
    async (path) => {
      const answer = bodyOf(
        await raw(served.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
      )

      expect(answer).toMatchObject({
        data: { code: 'ROUTE_NOT_FOUND', errors: [] },
        status_code: 404,
      })
    },
  )
})

describe('validation', () => {
  const unknown = (field: string) => ({ field, code: 'object.unknown', message: `${field} is not known here` })

  it('lists the problems of query and body together, and no value', async () => {
    const body = { stars: '3', secret: 'Hunter2!', zz: 1 }
    const answer = await api().patch('/notes/7?dry=perhaps&x=1').send(body).expect(400)

    expect(answer.body).toEqual(
      failure(answer, 'VALIDATION_FAILED', 'Validation failed', [
        { field: 'dry', code: 'boolean.base', message: 'dry must be a boolean' },
        unknown('x'),
        { field: 'stars', code: 'number.base', message: 'stars must be a number' },
        { field: 'secret', code: 'string.pattern.base', message: 'secret does not have the required form' },
        unknown('zz'),
      ]),
    )
  })

  it.each([
    ['limit=1&limit=2', 'limit', 'number.base'],
    ['tag[$ne]=x', 'tag[$ne]', 'object.unknown'],
    ['tag=a&tag=b', 'tag', 'string.base'],
    ['limit=0', 'limit', 'number.min'],
    ['__proto__=1', '__proto__', 'object.unknown'],
    ['__proto__[a]=1', '__proto__[a]', 'object.unknown'],
  ])('the query %s is refused', async (query, field, code) => {
    const answer = await api().get(`/notes?${query}`).expect(400)

    expect(answer.body.data.errors).toEqual([{ field, code, message: expect.any(String) }])
  })

  it('the query is converted, and its defaults hold without one', async () => {
    expect((await api().get('/notes?limit=3')).body.data).toHaveLength(3)
    expect((await api().get('/notes')).body.data).toHaveLength(20)
    expect((await api().get('/notes?')).body.data).toHaveLength(20)
  })

  it.each([
    ['{"text":"a","__proto__":{"x":1}}'],
    ['{"text":"a","more":{"deep":[{"__proto__":1}]}}'],
    ['{"text":"a","\\u005f_proto__":1}'],
  ])('%s: __proto__ is refused wherever it is', async (text) => {
    const answer = await api().post('/notes').type('json').send(text).expect(400)

    expect(answer.body.data).toMatchObject({ code: 'VALIDATION_FAILED', errors: [unknown('__proto__')] })
  })

  it('constructor and prototype are keys like others', async () => {
    const more = { constructor: { prototype: { a: 1 } } }
    const answer = await api().post('/notes').send({ text: 'a', more }).expect(201)

    expect(answer.body.data).toEqual({ text: 'a', stars: 0, more })
  })

  it.each([['null'], ['[]'], ['"text"'], ['3']])('%s is no object', async (text) => {
    const answer = await api().post('/notes').type('json').send(text).expect(400)

    expect(answer.body.data.errors).toEqual([
      { field: '', code: 'object.base', message: expect.stringContaining('must be of type object') },
    ])
  })

  it('a flood of problems is cut', async () => {
    const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`key${at}`, 1]))
    const answer = await api().post('/notes').send(body).expect(400)

    expect(answer.body.data.errors).toHaveLength(1_000)
  })

  it('VALIDATION_STATUS=422 changes the status of validation alone', async () => {
    const other = await serve({ env: { VALIDATION_STATUS: '422' } })
    const invalid = await request(other.url).post('/notes').send({})
    const malformed = await request(other.url).post('/notes').type('json').send('{')
    await other.stop()

    expect([invalid.status, invalid.body.status_code, malformed.status]).toEqual([422, 422, 400])
  })
})

describe('the body', () => {
  const post = (text: string, type = 'application/json') => api().post('/notes').set('Content-Type', type).send(text)
  const nested = (depth: number) => `{"text":"a","more":${'{"a":'.repeat(depth - 1)}1${'}'.repeat(depth - 1)}}`

  it.each([
    ['an open brace', '{', 'The request body is not valid JSON'],
    ['a trailing comma', '{"text":"a",}', 'The request body is not valid JSON'],
    ['NaN', '{"text":NaN}', 'The request body is not valid JSON'],
    ['white space', '   ', 'The request body is not valid JSON'],
    ['33 levels', nested(33), 'The request body is nested more than 32 deep'],
    ['100,000 brackets', '['.repeat(100_000), 'The request body is nested more than 32 deep'],
  ])('%s: malformed', async (_what, text, message) => {
    const answer = await post(text).expect(400)

    expect(answer.body).toEqual(failure(answer, 'MALFORMED_JSON', message))
  })

  it('32 levels pass, and brackets in text do not count', async () => {
    await post(nested(32)).expect(201)
    await post(JSON.stringify({ text: `"\\${'['.repeat(100)}` })).expect(201)
  })

  it('absent, it is missed by name', async () => {
    const answer = await api().post('/notes').expect(400)

    expect(answer.body).toEqual(
      failure(answer, 'MALFORMED_JSON', 'The request body is missing: this call needs a JSON body'),
    )
    await api().post('/notes').type('json').send('').expect(400)
    const head = 'POST /notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n'
    const chunked = await raw(served.port, `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)
    expect(bodyOf(chunked)).toMatchObject({ data: { code: 'MALFORMED_JSON' }, message: answer.body.message })
  })

  it('bytes that are no UTF-8 are malformed', async () => {
    const head = 'POST /notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n'
    const body = Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])
    const answer = await raw(served.port, Buffer.concat([Buffer.from(`${head}Content-Length: 8\r\n\r\n`), body]))

    expect(bodyOf(answer)).toMatchObject({
      data: { code: 'MALFORMED_JSON' },
      message: 'The request body is not valid UTF-8',
    })
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'application/jsonx'])(
    '%s is unsupported',
    async (type) => {
      const answer = await post('{"text":"a"}', type).expect(415)

      expect(answer.body.data.code).toBe('UNSUPPORTED_MEDIA_TYPE')
    },
  )

  it.each(['application/json; charset=UTF-8', 'Application/JSON;charset="utf-8"', 'application/json; v=1'])(
    '%s is JSON',
    (type) => post('{"text":"a"}', type).expect(201),
  )

  it('a merge patch is taken where the route says so', async () => {
    const type = 'application/merge-patch+json'
    await api().patch('/notes/7').set('Content-Type', type).send('{"text":"a"}').expect(200)
    await post('{"text":"a"}', type).expect(415)
  })

  it('a MiB passes, one byte more does not', async () => {
    const of = (bytes: number) => `{"text":"a","more":{"a":"${'x'.repeat(bytes - 28)}"}}`
    expect(of(1_048_576).length).toBe(1_048_576)

    await post(of(1_048_576)).expect(201)
    const answer = await post(of(1_048_577)).expect(413)
    expect(answer.body).toEqual(failure(answer, 'PAYLOAD_TOO_LARGE', 'The request body is too large'))
  })

  it('64 KiB are enough where anybody may call', async () => {
    const of = (bytes: number) => `{"text":"a","more":{"a":"${'x'.repeat(bytes - 28)}"}}`
    const patch = (text: string) =>
      request(served.url).patch('/notes/1').set('Content-Type', 'application/json').send(text)

    await patch(of(65_536)).expect(200)
    const answer = await patch(of(65_537)).expect(413)
    expect(answer.body).toEqual(failure(answer, 'PAYLOAD_TOO_LARGE', 'The request body is too large'))
  })

  it('in chunks, it is counted as it comes', async () => {
    const head = 'POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const text = `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}0\r\n\r\n`
    const answer = await raw(served.port, text, 500)

    expect(bodyOf(answer)).toMatchObject({ data: { code: 'PAYLOAD_TOO_LARGE' }, status_code: 413 })
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('%s is inflated, up to a MiB', async (encoding, compress) => {
    const ask = async (text: string) => {
      const head = `POST /notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n`
      const bytes = compress(text)
      const more = `Content-Encoding: ${encoding}\r\nContent-Length: ${bytes.length}\r\n\r\n`
      return bodyOf(await raw(served.port, Buffer.concat([Buffer.from(head + more), bytes])))
    }
    expect(await ask('{"text":"a"}')).toMatchObject({ status_code: 201, data: { text: 'a' } })
    expect(await ask(`{"text":"${'x'.repeat(4_000_000)}"}`)).toMatchObject({ data: { code: 'PAYLOAD_TOO_LARGE' } })
  })

  it('broken or unknown compression is refused', async () => {
    const broken = await post('no gzip').set('Content-Encoding', 'gzip').expect(400)
    expect(broken.body.message).toBe('The request body cannot be decompressed')
    await post('{"text":"a"}').set('Content-Encoding', 'compress').expect(415)
  })
})

describe('an unexpected error', () => {
  it('is opaque outside and complete in the log, once', async () => {
    const answer = await api().get('/notes/broken').set('X-Request-Id', 'req-broken').expect(500)

    expect(answer.body).toEqual(failure(answer, 'INTERNAL_ERROR', 'Internal error'))
    const entries = served
      .log()
      .split('\n')
      .filter((line) => line.includes('"level":"error"') && line.includes('req-broken'))
      .map((line) => JSON.parse(line))
    expect(entries).toEqual([
      expect.objectContaining({
        message: 'Unexpected error',
        request_id: 'req-broken',
        route: '/api/v1/notes/:id',
        error: expect.objectContaining({ name: 'Error', stack: expect.stringContaining('notes.ts') }),
      }),
    ])
  })
})

describe('answers from a KiB', () => {
  it.each(['gzip', 'br'])('are compressed with %s on request, with the same content', async (encoding) => {
    const plain = await api().get('/notes').set('Accept-Encoding', 'identity')
    const answer = await api().get('/notes').set('Accept-Encoding', encoding)

    expect([answer.headers['content-encoding'], answer.headers['vary']]).toEqual([encoding, 'Accept-Encoding'])
    expect([plain.headers['content-encoding'], plain.headers['vary']]).toEqual([undefined, 'Accept-Encoding'])
    expect(answer.body).toEqual(plain.body)
  })

  it('smaller ones are not', async () => {
    const answer = await api().get('/notes/7').set('Accept-Encoding', 'gzip')

    expect([answer.headers['content-encoding'], answer.headers['etag']]).toEqual([undefined, '"3"'])
  })
})

describe('If-Match', () => {
  it('428 where it is required and absent', async () => {
    const strict = await serve({ env: { REQUIRE_IF_MATCH: 'true' } })
    const absent = await request(strict.url).patch('/notes/7').send({ text: 'a' })
    const given = await request(strict.url).patch('/notes/7').set('If-Match', '"3"').send({ text: 'a' })
    await strict.stop()

    expect([absent.status, absent.body.data.code, given.status]).toEqual([428, 'PRECONDITION_REQUIRED', 200])
  })
})

describe('requests that are no HTTP', () => {
  const LONG = 'x'.repeat(20_000)

  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400, 'BAD_REQUEST'],
    ['a bad length', 'POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n', 400, 'BAD_REQUEST'],
    ['a long address', `GET /${LONG} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['long headers', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${LONG}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ])('%s answers the envelope', async (_what, text, status, code) => {
    const answer = await raw(served.port, text)

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    const [, id] = /X-Request-Id: (\S+)/.exec(answer) ?? []
    expect(bodyOf(answer)).toEqual({
      data: { code, errors: [], request_id: id },
      message: expect.any(String),
      status_code: status,
    })
  })

  it('an expectation that nobody knows is ignored', async () => {
    const head = 'GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: wonders\r\n\r\n'

    expect(bodyOf(await raw(served.port, head))).toMatchObject({ data: 'pong' })
  })
})
