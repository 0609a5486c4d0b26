import { VersionMismatchError } from '../../../src/errors'
import { etagOf, isNotModified, readIfMatch } from '../../../src/http/etag'

it('etagOf is strong', () => {
  expect(etagOf(12)).toBe('"12"')
})

describe('readIfMatch', () => {
  it.each<[string | undefined, ReturnType<typeof readIfMatch>]>([
    [undefined, undefined],
    ['*', 'any'],
    [' * ', 'any'],
    ['"3"', [3]],
    ['"3", "4","5"', [3, 4, 5]],
    ['W/"2", "3"', [3]],
    ['"a,b", "3"', [3]],
  ])('%p accepts %p', (header, accepted) => {
    expect(readIfMatch(header === undefined ? {} : { 'if-match': header })).toEqual(accepted)
  })

  it.each(['', 'W/"3"', '3', '"x"', '"3', '"03"', '" 3"', '"1e3"', '"9007199254740993"', '"a,"3"b"'])(
    '%p accepts nothing of ours',
    (header) => {
      expect(() => readIfMatch({ 'if-match': header })).toThrow(VersionMismatchError)
    },
  )
})

describe('isNotModified', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['*', true],
    ['"3"', true],
    ['W/"3"', true],
    ['"1", W/"3"', true],
    ['"4"', false],
    ['3', false],
    ['', false],
  ])('%p: %p', (header, expected) => {
    expect(isNotModified(header === undefined ? {} : { 'if-none-match': header }, 3)).toBe(expected)
  })
})
