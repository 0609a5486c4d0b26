import { Writable } from 'node:stream'
import { batchLines } from '../../../src/observability/line-sink'
import { createLogger, type LoggerOptions } from '../../../src/observability/logger'

function capture(options: Partial<LoggerOptions> = {}) {
  const chunks: string[] = []
  const sink = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })
  return {
    logger: createLogger({ logLevel: 'info', logFormat: 'json', ...options }, sink),
    text: () => chunks.join(''),
  }
}

it('secrets are left out by name and from connection strings, at any depth', () => {
  const { logger, text } = capture()
  logger.info('Connected', {
    uri: 'mongodb://ann:hunter2@db.example/x',
    body: { password: 'hunter2', list: [{ access_token: 'hunter2', keep: 'this' }] },
    headers: { Authorization: 'Bearer hunter2', cookie: 'hunter2' },
    error: new Error('connect mongodb+srv://ann:hunter2@db.example failed', { cause: new Error('//a:hunter2@b') }),
  })

  expect(text()).not.toContain('hunter2')
  expect(JSON.parse(text())).toMatchObject({
    uri: 'mongodb://[redacted]@db.example/x',
    body: { password: '[redacted]', list: [{ access_token: '[redacted]', keep: 'this' }] },
    error: { name: 'Error', message: 'connect mongodb+srv://[redacted]@db.example failed' },
  })
})

it('of an error the stack and the code are kept, its inner state is not', () => {
  const { logger, text } = capture()
  const error = Object.assign(new TypeError('bad'), { code: 7, _original: { password: 'x' }, details: ['y'] })
  logger.error('Unexpected error', { error })

  expect(JSON.parse(text()).error).toEqual({
    name: 'TypeError',
    message: 'bad',
    code: 7,
    stack: expect.stringContaining('logger.test.ts'),
  })
})

it.each(['json', 'pretty'] as const)('%s: an error cannot forge an entry', (logFormat) => {
  const { logger, text } = capture({ logFormat })
  logger.error('Unexpected error', { error: new Error('x\n2026-01-01 info forged\u2028forged\u001b[31m') })
  const lines = text().split('\n').slice(0, -1)

  expect(lines.filter((line) => /^\S/.test(line))).toHaveLength(1)
  expect(text()).not.toContain('\u2028')
  expect(text()).not.toContain('forged\u001b')
  expect(lines.slice(1).every((line) => line.startsWith('    '))).toBe(true)
})

it('an error shows its causes', () => {
  const { logger, text } = capture({ logFormat: 'pretty' })
  logger.error('Unexpected error', { error: new Error('outer', { cause: new Error('inner') }) })

  expect(text()).toMatch(/Error: outer[\s\S]+caused by[\s\S]+Error: inner/)
})

it('circular, deep and huge values end', () => {
  const { logger, text } = capture()
  const circle: Record<string, unknown> = { n: 1n }
  circle['self'] = circle
  logger.info('x', { circle, list: Array.from({ length: 1_000 }, () => 0) })

  expect(JSON.parse(text()).list).toHaveLength(100)
})

it.each([
  ['silent', []],
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['info', ['error', 'warn', 'info']],
  ['debug', ['error', 'warn', 'info', 'debug']],
] as const)('LOG_LEVEL=%s lets %j through', (logLevel, expected) => {
  const { logger, text } = capture({ logLevel })
  for (const level of ['error', 'warn', 'info', 'debug'] as const) logger.log(level, 'x')

  expect([...text().matchAll(/"level":"(\w+)"/g)].map(([, level]) => level)).toEqual(expected)
})

it('lines of one turn leave together, and flush writes at once', async () => {
  const written: string[] = []
  const sink = batchLines({ write: (text: string) => written.push(text) > 0 })
  sink.stream.write('a\n')
  sink.stream.write('b\n')
  expect(written).toEqual([])
  await new Promise(setImmediate)
  sink.stream.write('c\n')
  sink.flush()
  sink.flush()

  expect(written).toEqual(['a\nb\n', 'c\n'])
})
