import fc from 'fast-check'
import { escapeRegex, prefixRange, toMongo } from '../../../src/filter/mongo-query'
import { compare } from '../../../src/filter/filter'

const bytesBelow = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0

test('a prefix range holds exactly the texts with that prefix', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 })
  fc.assert(
    fc.property(text, text, (prefix, other) => {
      const { $gte, $lt } = prefixRange(prefix) as { $gte: string; $lt?: string }
      for (const candidate of [other, prefix + other]) {
        const inside = !bytesBelow(candidate, $gte) && ($lt === undefined || bytesBelow(candidate, $lt))
        expect(inside).toBe(candidate.startsWith(prefix))
      }
    }),
    {
      examples: [
        ['\u{10ffff}', 'x'],
        ['a\u{10ffff}', 'b'],
        ['\ud7ff', '\ue000'],
        ['', ''],
      ],
    },
  )
})

test('escaped text matches itself and nothing else', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      (text, other) => {
        const pattern = new RegExp(`^${escapeRegex(text)}$`)
        expect(pattern.test(text)).toBe(true)
        expect(pattern.test(other)).toBe(text === other)
      },
    ),
  )
})

test('a field that nobody mapped is a mistake of ours', () => {
  expect(() => toMongo(compare('nope', 'eq', 1), () => undefined)).toThrow('No way to filter by nope')
})
