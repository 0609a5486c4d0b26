import { inspect } from 'node:util'
import { Binary, deserialize, Int32, Long, ObjectId, UUID } from 'bson'
import * as fc from 'fast-check'
import { writeDoc } from '../../../../src/embedded-mongo/bson/doc'
import { readPlain, readPlainInPieces } from '../../../../src/embedded-mongo/bson/read-plain'
import { anyValue } from '../support/arbitraries'

const AS_BSON = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true } as const

/** What is read is what bson reads, the order of fields included; what bson refuses is not read. */
function expectBsonsOwn(bytes: Buffer): void {
  const read = readPlain(bytes)
  for (const pieceBytes of [4, 16, 100]) expect(shown(inPieces(bytes, pieceBytes))).toBe(shown(read))
  if (read === undefined) return
  expect(shown(read)).toBe(shown(deserialize(bytes, AS_BSON)))
}

/** Something else is read after each piece. */
function inPieces(bytes: Buffer, pieceBytes?: number): unknown {
  const pieces = readPlainInPieces(bytes, pieceBytes)
  for (let next = pieces.next(); ; next = pieces.next()) {
    if (next.done === true) return next.value
    readPlain(OTHER)
  }
}

const OTHER = Buffer.from(writeDoc({ other: ['x', { y: new Int32(1) }] }))

/** With the names of all classes. */
function shown(value: unknown): string {
  return inspect(value, { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity })
}

describe('readPlain', () => {
  test('reads what most documents are made of', () => {
    const doc = {
      lsid: { id: new UUID() },
      text: 'é €',
      array: [new Int32(1), [new Long(1, -2)], { at: new Date(-1) }],
      id: new ObjectId(),
      bytes: new Binary(Buffer.from('x'), 0),
      none: null,
      flag: false,
      7: 'first',
    }
    const bytes = Buffer.from(writeDoc(doc))
    expect(readPlain(bytes)).toBeDefined()
    expectBsonsOwn(bytes)
  })

  test('a large document takes as many pieces as it has 64 KiB', () => {
    const large = {
      before: 'a',
      list: Array.from({ length: 20_000 }, (_, i) => ({ i: new Int32(i), inner: { text: `text ${i}` } })),
      inner: { deep: { numbers: Array.from({ length: 50_000 }, (_, i) => new Int32(i)) }, after: 'b' },
      text: 'x'.repeat(1_000_000),
    }
    const bytes = Buffer.from(writeDoc(large))
    expect(inPieces(bytes)).toEqual(readPlain(bytes))
    let pieces = 0
    for (const reading = readPlainInPieces(bytes); reading.next().done !== true;) pieces++
    expect(pieces).toBeGreaterThan((bytes.length - 1_000_000) / 65_536)
    expect(pieces).toBeLessThan((2 * bytes.length) / 65_536)
  })

  test('leaves to bson what has a form of its own there', () => {
    const left = [{ $ref: 'c', $id: 1 }, { a: /x/ }, { ['__proto__']: 1 }, { text: '\ufffd' }]
    for (const doc of left) expect(readPlain(Buffer.from(writeDoc(doc)))).toBeUndefined()
  })

  test('names that meet in the memory of names stay apart', () => {
    const names = Array.from({ length: 5_000 }, (_, i) => `n${i.toString(36)}é`.slice(0, 2 + (i % 5)))
    const doc = Object.fromEntries(names.map((name) => [name, null]))
    expectBsonsOwn(Buffer.from(writeDoc(doc)))
    expectBsonsOwn(Buffer.from(writeDoc(doc)))
  })

  test('agrees with bson on any values, and on bytes that were broken', () => {
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) })
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ maxLength: 6 }), anyValue),
        fc.array(change, { maxLength: 3 }),
        (doc, changes) => {
          const bytes = Buffer.from(writeDoc(doc))
          expectBsonsOwn(bytes)
          for (const { at, to } of changes) bytes[at % bytes.length] = to
          expectBsonsOwn(bytes)
          expectBsonsOwn(bytes.subarray(0, (changes[0]?.at ?? 0) % bytes.length))
        },
      ),
      { numRuns: 3_000 },
    )
  })
})
