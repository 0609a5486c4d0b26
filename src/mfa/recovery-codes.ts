import { createHash, randomBytes } from 'node:crypto'

export const RECOVERY_CODES = 10
/** 120 bits each: no guess finds one, and a plain hash keeps it. */
const CODE_BYTES = 15
const GROUP_LENGTH = 4
const CODE_LENGTH = 24
/** Crockford's base 32: no letter that looks like a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const CODE = new RegExp(`^[${ALPHABET}]{${CODE_LENGTH}}$`)
const LOOK_ALIKES: Readonly<Record<string, string>> = { i: '1', l: '1', o: '0' }
const BITS = 5

/** `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx`, ten of them. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => grouped(encoded(randomBytes(CODE_BYTES))))
}

/** What is kept of a code: the same however it was typed. undefined: it cannot be one. */
export function hashOfRecoveryCode(userId: string, typed: string): string | undefined {
  const code = typed
    .toLowerCase()
    .replace(/[\s-]/g, '')
    .replace(/[ilo]/g, (letter) => LOOK_ALIKES[letter] as string)
  if (!CODE.test(code)) return undefined
  return createHash('sha256').update(`${userId}:${code}`).digest('base64url')
}

function encoded(bytes: Buffer): string {
  const bits = BigInt(`0x${bytes.toString('hex')}`)
  const letterAt = (index: number) => Number((bits >> BigInt(BITS * (CODE_LENGTH - 1 - index))) & 31n)
  return Array.from({ length: CODE_LENGTH }, (_, index) => ALPHABET.charAt(letterAt(index))).join('')
}

function grouped(code: string): string {
  return (code.match(new RegExp(`.{${GROUP_LENGTH}}`, 'g')) ?? []).join('-')
}
