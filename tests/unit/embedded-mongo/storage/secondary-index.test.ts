import * as fc from 'fast-check'
import { encodeKey, encodeValue } from '../../../../src/embedded-mongo/bson/key-encoding'
import { indexKeys } from '../../../../src/embedded-mongo/query/index-keys'
import { SecondaryIndex } from '../../../../src/embedded-mongo/storage/secondary-index'
import type { Tree } from '../../../../src/embedded-mongo/storage/tree'
import { anyNumber, anyText, anyValue } from '../support/arbitraries'

const ID = encodeValue('the document')

function indexOn(key: Record<string, 1 | -1>, options: { unique?: boolean } = {}): SecondaryIndex {
  const plain = { name: 'i', unique: false, sparse: false, hidden: false, ready: true, tree: 1 }
  return new SecondaryIndex({ ...plain, ...options, key, multikey: [], truncatedKeys: false }, {} as Tree)
}

const element = fc.oneof(anyNumber, anyText, anyValue, fc.constantFrom('\ud800', '\udc00x', '\ufffd', '\ud800\udc00'))

test.each<[string, Record<string, 1 | -1>, { unique?: boolean }]>([
  ['one field', { a: 1 }, {}],
  ['one field, downwards', { a: -1 }, {}],
  ['two fields', { a: 1, b: -1 }, {}],
  ['a unique one', { a: 1 }, { unique: true }],
])('an array has one entry for each key: %s', (_name, key, options) => {
  const index = indexOn(key, options)
  const descending = Object.values(key).map((order) => order === -1)
  fc.assert(
    fc.property(fc.array(element, { maxLength: 12 }), anyValue, (a, other) => {
      const doc = { a, b: Array.isArray(other) ? null : other }
      const { keys, multikey } = indexKeys(doc, key, { sparse: false })
      const suffix = options.unique === true ? Buffer.alloc(0) : ID
      const wanted = keys.map((row) => Buffer.concat([encodeKey(row, descending), suffix]).toString('hex'))
      const found = index.entriesOf(doc, ID)
      expect(found.entries.map((entry) => entry.key.toString('hex'))).toEqual([...new Set(wanted)])
      expect(found).toMatchObject({ multikey, truncated: false })
    }),
    { numRuns: 300 },
  )
})

test('keys are cut where they are too long, and are still told apart', () => {
  const index = indexOn({ a: 1 })
  const long = 'x'.repeat(5_000)
  const { entries, truncated } = index.entriesOf({ a: [`${long}1`, `${long}2`, `${long}1`, 'short'] }, ID)
  expect(truncated).toBe(true)
  expect(entries.map((entry) => entry.truncated)).toEqual([true, true, false])
  expect(new Set(entries.map((entry) => entry.key.toString('hex'))).size).toBe(3)
  for (const { key } of entries) expect(key.subarray(-ID.length)).toEqual(ID)
  expect(Math.max(...entries.map(({ key }) => key.length))).toBeLessThan(1_978)
})

test('a change of an array adds and removes what its entries before and after differ in', () => {
  const value = fc.oneof(anyNumber, anyText, anyValue)
  // Long enough to have ends that are kept, and with elements that come more than once.
  const list = fc
    .tuple(fc.array(value, { minLength: 1, maxLength: 12 }), fc.constantFrom(1, 40))
    .map(([few, times]) => {
      return Array.from({ length: times }, () => few).flat()
    })
  const edit = fc.tuple(fc.nat(), fc.nat(3), fc.array(value, { maxLength: 3 }))
  const keysOf = (entries: readonly { key: Buffer }[]): string[] => entries.map(({ key }) => key.toString('hex'))
  for (const index of [indexOn({ a: 1 }), indexOn({ a: 1, b: -1 }), indexOn({ a: 1 }, { unique: true })]) {
    fc.assert(
      fc.property(list, fc.array(edit, { maxLength: 3 }), (before, edits) => {
        const after = [...before]
        for (const [at, count, added] of edits) after.splice(at % (after.length + 1), count, ...added)
        const { added, removed, entries } = index.changesOf({ a: before }, { a: after }, ID)
        const keys = new Set(keysOf(index.entriesOf({ a: before }, ID).entries))
        for (const key of keysOf(removed)) expect(keys.delete(key)).toBe(true)
        for (const key of keysOf(added)) expect(keys.has(key) || !keys.add(key)).toBe(false)
        expect([...keys].toSorted()).toEqual(keysOf(index.entriesOf({ a: after }, ID).entries).toSorted())
        expect(keysOf(entries)).toEqual(expect.arrayContaining(keysOf(added)))
      }),
      { numRuns: 60 },
    )
  }
})
