import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * `rck_<id>_<secret>_<checksum>`: the prefix tells what it is, and the checksum tells a key from something that looks
 * like one, so that secret scanners can find keys in code and logs without asking anybody.
 */
export const API_KEY_PATTERN = /\brck_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\b/
export const API_KEY_PREFIX = 'rck_'

const WHOLE = /^rck_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_LENGTH = 12
const SECRET_BYTES = 32
/** What 256 bits take in base 62. */
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6

export interface MadeApiKey {
  /** Shown once, and kept nowhere. */
  readonly key: string
  readonly id: string
  readonly hash: string
}

export interface PresentedApiKey {
  readonly id: string
  readonly secret: string
}

export function makeApiKey(): MadeApiKey {
  const id = base62(BigInt(`0x${randomBytes(ID_LENGTH).toString('hex')}`), ID_LENGTH)
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH)
  const body = `${API_KEY_PREFIX}${id}_${secret}`
  return { key: `${body}_${checksumOf(body)}`, id, hash: hashOf(secret) }
}

/** undefined: not a key, or one with a wrong checksum, so that nobody has to be asked. */
export function parseApiKey(text: string): PresentedApiKey | undefined {
  const [, id, secret, checksum] = WHOLE.exec(text) ?? []
  if (id === undefined || secret === undefined) return undefined
  return checksumOf(`${API_KEY_PREFIX}${id}_${secret}`) === checksum ? { id, secret } : undefined
}

/** In a time that does not depend on where the two differ. */
export function isSecretOf(secret: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(hash))
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** CRC-32 in base 62. It finds typing errors and look-alikes, and protects nothing. */
function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_LENGTH)
}

/** The last `length` digits. */
function base62(value: bigint, length: number): string {
  let rest = value
  let text = ''
  while (text.length < length) {
    text = (DIGITS[Number(rest % 62n)] ?? '') + text
    rest /= 62n
  }
  return text
}
