import { type Message, MessageReader } from '../../support/http-framing'

const GET = 'GET /users HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST /users HTTP/1.1\r\nContent-Length: 4\r\n\r\n\r\n\r\n'
const CHUNKED_POST =
  'POST /users HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhe\r\nl\r\n3;x=1\r\nlo!\r\n0\r\nTrailer: y\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'
const EMPTY = 'HTTP/1.1 204 No Content\r\n\r\n'
const NOT_MODIFIED = 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n'

/** Everything that comes out while the bytes come in so many at a time. */
function read(text: string, size: number, next: (reader: MessageReader) => Message | undefined): readonly string[] {
  const reader = new MessageReader()
  const found: string[] = []
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += size) {
    reader.push(bytes.subarray(at, at + size))
    for (let message = next(reader); message; message = next(reader)) found.push(message.bytes.toString('latin1'))
  }
  return found
}

describe.each([1, 2, 7, 1_000])('in pieces of %d bytes', (size) => {
  it('finds requests, one after the other', () => {
    const requests = [GET, POST, CHUNKED_POST, GET, POST]
    expect(read(requests.join(''), size, (reader) => reader.request())).toEqual(requests)
  })

  it('finds answers, one after the other', () => {
    const answers = [OK, CHUNKED, EMPTY, NOT_MODIFIED, OK]
    expect(read(answers.join(''), size, (reader) => reader.answer('GET'))).toEqual(answers)
  })
})

it('reads the start line and the headers', () => {
  const reader = new MessageReader()
  reader.push(Buffer.from(POST))
  const message = reader.request()

  expect(message).toMatchObject({ startLine: 'POST /users HTTP/1.1', headers: { 'content-length': '4' } })
  expect(message!.headBytes).toBe(message!.bytes.length - 4)
})

it('knows that HEAD is answered without the body whose length is told', () => {
  const reader = new MessageReader()
  reader.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n' + OK))

  expect(reader.answer('HEAD')?.bytes.toString()).not.toContain('hi')
  expect(reader.answer('GET')?.bytes.toString()).toBe(OK)
})

it('takes an answer of unknown length to be whole when the connection has ended, and no sooner', () => {
  const text = 'HTTP/1.0 200 OK\r\n\r\nuntil the end'
  const reader = new MessageReader()
  reader.push(Buffer.from(text))

  expect(reader.answer('GET')).toBeUndefined()
  expect(reader.answer('GET', true)?.bytes.toString()).toBe(text)
})

it('gives nothing for an answer that was cut', () => {
  const reader = new MessageReader()
  reader.push(Buffer.from(OK.slice(0, -1)))

  expect(reader.answer('GET', true)).toBeUndefined()
})
