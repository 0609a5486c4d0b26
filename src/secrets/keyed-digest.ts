import { createHash, createHmac } from 'node:crypto'

/** Tells texts apart, in 64 hex digits, and tells nothing of them. */
export type Digest = (text: string) => string

/**
 * Digests of texts that could be guessed, for one purpose. Under a key nobody who reads the store alone can try them
 * out; without one, which is how development runs, they are plain SHA-256.
 * @param key that of the service, or undefined. What is used here is derived from it, and is used for nothing else.
 */
export function keyedDigest(key: Buffer | undefined, purpose: string): Digest {
  if (key === undefined) return (text) => createHash('sha256').update(`${purpose}\n${text}`).digest('hex')
  const derived = createHmac('sha256', key).update(`rollcall digest\n${purpose}`).digest()
  return (text) => createHmac('sha256', derived).update(text).digest('hex')
}
