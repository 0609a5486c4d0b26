import { Writable } from 'node:stream'
import { WriteStream } from 'node:tty'
import { createLogs, type LogFormat } from '../../../src/client/logs'

function logged(logFormat: LogFormat, isTTY = false, more: { hasColors?: () => boolean } = {}) {
  const lines: string[] = []
  const sink = Object.assign(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString())
        done()
      },
    }),
    { isTTY, ...more },
  )
  return { lines, logs: createLogs({ logLevel: 'info', httpLogLevel: 'warn', logFormat, sink }) }
}

it('is coloured on a terminal, plain when piped, JSON on request', () => {
  const line = (format: LogFormat, isTTY: boolean) => {
    const { lines, logs } = logged(format, isTTY)
    logs.app.warn('slow', { ms: 12 })
    return lines.join('')
  }

  expect(line('auto', true)).toContain('\u001b[33mwarn ')
  expect(line('auto', false)).toMatch(/^[\d:.]+ warn {2}app {2}slow ms=12\n$/)
  expect(JSON.parse(line('json', true))).toEqual({
    time: expect.any(String),
    level: 'warn',
    logger: 'app',
    message: 'slow',
    ms: 12,
  })
})

it('is plain on a terminal whose user wants no colours (NO_COLOR), unless they are asked for', () => {
  const line = (format: LogFormat) => {
    const { lines, logs } = logged(format, true, { hasColors: () => false })
    logs.app.warn('slow')
    return lines.join('')
  }

  expect(line('auto')).not.toContain('\u001b')
  expect(line('pretty')).toContain('\u001b[33m')
})

it('reads NO_COLOR as the system does', () => {
  const { hasColors } = WriteStream.prototype
  const depth = (env: Record<string, string>) => hasColors(256, { TERM: 'xterm-256color', ...env })

  expect([depth({}), depth({ NO_COLOR: '1' }), depth({ TERM: 'dumb' })]).toEqual([true, false, false])
})

it('gives the application and the HTTP client levels of their own', () => {
  const { lines, logs } = logged('plain')
  logs.app.info('one')
  logs.http.info('two')
  logs.http.warn('three')

  expect(lines.map((line) => line.trim().split(' ').at(-1))).toEqual(['one', 'three'])
})

it.each(['plain', 'json', 'pretty'] as const)('lets no secret and no line break through: %s', (format) => {
  const { lines, logs } = logged(format)
  logs.app.info('with Bearer abc.def.ghi and eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl\nnext', {
    password: 'hunter2',
    nested: { refresh_token: 'hunter2', url: 'http://ada:hunter2@host/' },
    text: 'rck_0aB1cD2eF3gH_hunter2hunter2',
    failure: new Error('Bearer hunter2'),
  })

  expect(lines.join('')).not.toMatch(/hunter2|abc\.def|c2lnbmF0dXJl/)
  expect(lines.join('').trimEnd()).not.toContain('\n')
})
