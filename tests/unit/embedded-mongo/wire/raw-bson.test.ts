import { BSONRegExp, Binary, Code, ObjectId } from 'bson'
import { writeBuffer } from '../../../../src/embedded-mongo/bson/doc'
import { FieldCut, rawFields } from '../../../../src/embedded-mongo/wire/raw-bson'
import { takeField } from '../../../../src/embedded-mongo/wire/take-field'

const DOCUMENT = writeBuffer({
  _id: new ObjectId('0123456789abcdef01234567'),
  a: 'text',
  list: [1, { b: null }],
  re: new BSONRegExp('x', 'i'),
  bin: new Binary(Buffer.of(1, 2)),
  code: new Code('f', { c: 1 }),
})

/** Runs `walk` on the document with each of its bytes changed to each value, and cut off behind each. */
function onDamaged(walk: (bytes: Buffer) => unknown): { ended: number; refused: number } {
  const outcomes = { ended: 0, refused: 0 }
  const run = (bytes: Buffer) => {
    try {
      walk(bytes)
      outcomes.ended++
    } catch (error) {
      // Errors of Node's are of another realm here.
      expect((error as Error).name).toMatch(/^(InvalidBsonError|RangeError)$/)
      outcomes.refused++
    }
  }
  for (let at = 0; at < DOCUMENT.length; at++) {
    run(Buffer.from(DOCUMENT.subarray(0, at)))
    for (let value = 0; value < 256; value++) {
      const bytes = Buffer.from(DOCUMENT)
      bytes[at] = value
      run(bytes)
    }
  }
  return outcomes
}

// Such bytes come from a damaged file, or from a client whose message nobody has checked yet.
test.each<[string, (bytes: Buffer) => unknown]>([
  ['walked', (bytes) => [...rawFields(bytes)]],
  ['walked for some', (bytes) => [...new FieldCut('include', new Set(['a', 'code'])).fields(bytes)]],
  ['cut', (bytes) => new FieldCut('exclude', new Set(['list'])).apply(bytes)],
])('a damaged document is %s to an end, or refused', (_name, walk) => {
  const { ended, refused } = onDamaged(walk)
  expect(ended).toBeGreaterThan(1_000)
  expect(refused).toBeGreaterThan(1_000)
})

test('a field is not taken out of what ends elsewhere than it says', () => {
  const whole = takeField(DOCUMENT, 'list', 'array')
  expect(whole?.value).toEqual(writeBuffer({ 0: 1, 1: { b: null } }))
  const { ended, refused } = onDamaged((bytes) => {
    const taken = takeField(bytes, 'list', 'array')
    expect(taken === undefined || taken.rest.length + taken.value.length < bytes.length).toBe(true)
  })
  expect([ended > 0, refused]).toEqual([true, 0])
})
