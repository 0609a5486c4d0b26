import { keyedDigest } from '../../../src/secrets/keyed-digest'

const [ONE, OTHER] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]

it('is the same for the same key, purpose and text, and for no others', () => {
  const digests = [
    keyedDigest(ONE, 'a')('text'),
    keyedDigest(ONE, 'a')('other'),
    keyedDigest(ONE, 'b')('text'),
    keyedDigest(OTHER, 'a')('text'),
    keyedDigest(undefined, 'a')('text'),
    keyedDigest(undefined, 'b')('text'),
  ]
  expect(keyedDigest(ONE, 'a')('text')).toBe(digests[0])
  expect(new Set(digests).size).toBe(digests.length)
  for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/)
})
