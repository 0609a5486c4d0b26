import { createRequire } from 'node:module'
import type * as Language from '@zxcvbn-ts/language-common'

/** Lower-cased. */
export interface CommonPasswords {
  has(password: string): boolean
}

export const NO_COMMON_PASSWORDS: CommonPasswords = { has: () => false }

/**
 * The passwords that leaked most often: those of zxcvbn's list that are long enough to be chosen here. Read when it is
 * asked for: reading takes some ten milliseconds, and the list some megabytes.
 * @param minBytes shorter ones are refused for their length anyway.
 */
export function commonPasswords(minBytes: number): CommonPasswords {
  const { dictionary } = commonLanguage()
  return new Set(dictionary['passwords-common'].filter((password) => Buffer.byteLength(password) >= minBytes))
}

/** zxcvbn's lists that belong to no language. */
export function commonLanguage(): typeof Language {
  return createRequire(__filename)('@zxcvbn-ts/language-common') as typeof Language
}
