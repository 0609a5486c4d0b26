import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** AES-256-GCM with nonces of 96 bits and tags of 128 (NIST SP 800-38D). */
const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32
const KEY_ID_LENGTH = 8

const SEALED = /^sealed\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)$/
const PLAIN = 'plain.'

/** What was sealed cannot be opened with the key that there is. The message is for whoever runs the service. */
export class SecretKeyError extends Error {
  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }
}

/** Keeps secrets that the service itself must read again: signing keys, secrets of authenticators. */
export interface SecretBox {
  /** @param purpose what it is the secret of: it opens for the same purpose alone, so nobody swaps two of them. */
  seal(secret: string, purpose: string): string
  /** @throws SecretKeyError */
  open(sealed: string, purpose: string): string
}

/**
 * `sealed.<key id>.<base64url of nonce, tag and ciphertext>` with a key, `plain.<secret>` without one. What was kept in
 * the clear stays readable when a key is given later.
 * @param key 32 bytes, or undefined.
 */
export function createSecretBox(key: Buffer | undefined): SecretBox {
  if (key === undefined) return { seal: (secret) => PLAIN + secret, open: openPlain }
  if (key.length !== KEY_BYTES) throw new SecretKeyError('The encryption key must have 32 bytes')
  const id = keyId(key)
  return {
    seal: (secret, purpose) => `sealed.${id}.${encrypt(key, secret, purpose).toString('base64url')}`,
    open: (sealed, purpose) => (sealed.startsWith(PLAIN) ? openPlain(sealed) : openSealed(key, id, sealed, purpose)),
  }
}

function openPlain(text: string): string {
  if (text.startsWith(PLAIN)) return text.slice(PLAIN.length)
  throw new SecretKeyError(
    'The stored secrets are encrypted: ENCRYPTION_KEY must be the key that they were sealed with',
  )
}

function openSealed(key: Buffer, id: string, sealed: string, purpose: string): string {
  const [, sealedWith, text = ''] = SEALED.exec(sealed) ?? []
  if (sealedWith !== id) {
    throw new SecretKeyError('ENCRYPTION_KEY is not the key that the stored secrets were sealed with')
  }
  try {
    return decrypt(key, Buffer.from(text, 'base64url'), purpose)
  } catch {
    throw new SecretKeyError('A stored secret is damaged: it does not open with the key that it was sealed with')
  }
}

function encrypt(key: Buffer, secret: string, purpose: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(purpose))
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text])
}

function decrypt(key: Buffer, bytes: Buffer, purpose: string): string {
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(tag)
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}

/** Tells keys apart, and tells nothing of them: it is made for this alone. */
function keyId(key: Buffer): string {
  return createHash('sha256').update('rollcall key id').update(key).digest('hex').slice(0, KEY_ID_LENGTH)
}
