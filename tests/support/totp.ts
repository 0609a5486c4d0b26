import { Secret, TOTP } from 'otpauth'

const STEP_MS = 30_000

/** The code that an authenticator app shows, now or `steps` of 30 s away: one step either way is accepted. */
export function totpCode(secret: string, steps = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  return totp.generate({ timestamp: Date.now() + steps * STEP_MS })
}

/** Waits, if need be, until a step of time has just begun, so that it does not end within the next `ms`. */
export async function withinStep(ms: number): Promise<void> {
  const left = STEP_MS - (Date.now() % STEP_MS)
  if (left < ms) await new Promise((resolve) => setTimeout(resolve, left))
}
