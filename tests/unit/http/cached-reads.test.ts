import { CachedReads } from '../../../src/http/cached-reads'

/** Reads that wait until the test answers them. */
function setUp() {
  const state = { fresh: true }
  const waiting: { key: string; answer: (value: string | undefined) => void; fail: (error: Error) => void }[] = []
  const read = (key: string) =>
    new Promise<string | undefined>((answer, fail) => {
      waiting.push({ key, answer, fail })
    })
  return { state, waiting, cache: new CachedReads({ read, freshness: { isFresh: () => state.fresh }, max: 10 }) }
}

it('reads of one key at the same time are one, and the value is kept', async () => {
  const { cache, waiting } = setUp()
  const both = Promise.all([cache.find('a'), cache.find('a')])
  expect(waiting).toHaveLength(1)
  waiting[0]!.answer('one')
  expect(await both).toEqual(['one', 'one'])
  expect(cache.known('a')).toBe('one')
})

it('what is kept is not told while it may not be believed', async () => {
  const { cache, waiting, state } = setUp()
  const reading = cache.find('a')
  waiting[0]!.answer('one')
  await reading
  state.fresh = false
  expect(cache.known('a')).toBeUndefined()
  state.fresh = true
  expect(cache.known('a')).toBe('one')
})

it.each([['key', ['a']] as const, ['all', 'all'] as const])(
  'a %s that is dropped while it is read is not kept, and the next read is another one',
  async (_, keys) => {
    const { cache, waiting } = setUp()
    const before = cache.find('a')
    cache.drop(keys)
    const after = cache.find('a')
    expect(waiting).toHaveLength(2)
    waiting[1]!.answer('new')
    expect(await after).toBe('new')
    waiting[0]!.answer('old')
    expect(await before).toBe('old')
    expect(cache.known('a')).toBe('new')
  },
)

it('drops what is kept', async () => {
  const { cache, waiting } = setUp()
  for (const key of ['a', 'b', 'c']) void cache.find(key)
  for (const { key, answer } of waiting) answer(key)
  await Promise.resolve()
  cache.drop(['a'])
  expect(['a', 'b', 'c'].map((key) => cache.known(key))).toEqual([undefined, 'b', 'c'])
  cache.drop('all')
  expect(['a', 'b', 'c'].map((key) => cache.known(key))).toEqual([undefined, undefined, undefined])
})

it('that there is none is not kept, and takes the place of what was', async () => {
  const { cache, waiting } = setUp()
  const first = cache.find('a')
  waiting[0]!.answer('one')
  await first
  const second = cache.find('a')
  waiting[1]!.answer(undefined)
  expect(await second).toBeUndefined()
  expect(cache.known('a')).toBeUndefined()
})

it('a failed read is everybody’s failure, and the next one is another read', async () => {
  const { cache, waiting } = setUp()
  const failed = cache.find('a')
  waiting[0]!.fail(new Error('no store'))
  await expect(failed).rejects.toThrow('no store')
  const next = cache.find('a')
  waiting[1]!.answer('one')
  expect(await next).toBe('one')

  const dropped = cache.find('b')
  cache.drop(['b'])
  const successor = cache.find('b')
  waiting[2]!.fail(new Error('no store'))
  await expect(dropped).rejects.toThrow('no store')
  expect(cache.find('b')).toBe(successor)
})
