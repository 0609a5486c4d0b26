import { Secret, TOTP } from 'otpauth'

/** RFC 6238 with what every authenticator app understands: SHA-1, six digits, 30 seconds. */
const ALGORITHM = 'SHA1'
const DIGITS = 6
const PERIOD_S = 30
/** RFC 4226, section 4: 160 bits. */
const SECRET_BYTES = 20
/** Clocks that are off by one step, either way, still match. */
const STEPS_OFF_MAX = 1
const ISSUER = 'Rollcall'

export const TOTP_CODE = /^\d{6}$/

/** In base 32, as authenticator apps take it. */
export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32
}

/** What an authenticator app reads from a QR code. @param label whose account it is. */
export function totpUrl(secret: string, label: string): string {
  return generator(secret, label).toString()
}

/** The step of time for which the code is right; undefined: for none that is near enough. */
export function stepOf(secret: string, code: string, now: Date): number | undefined {
  const timestamp = now.getTime()
  const totp = generator(secret)
  const off = totp.validate({ token: code, timestamp, window: STEPS_OFF_MAX })
  return off === null ? undefined : totp.counter({ timestamp }) + off
}

function generator(secret: string, label = ''): TOTP {
  const settings = { issuer: ISSUER, algorithm: ALGORITHM, digits: DIGITS, period: PERIOD_S }
  return new TOTP({ ...settings, label, secret: Secret.fromBase32(secret) })
}
