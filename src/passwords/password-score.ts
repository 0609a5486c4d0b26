import { createRequire } from 'node:module'
import type * as Zxcvbn from '@zxcvbn-ts/core'
import { commonLanguage } from './common-passwords'

/** zxcvbn's estimate, from 0 (guessed at once) to 4 (not guessed from a stolen hash in years). */
export type Score = (password: string, about: readonly string[]) => number

/**
 * zxcvbn works in the thread that answers everybody. These two bound it to about 30 ms, measured over its worst inputs;
 * the whole 72 bytes and its own 100 substitutions take ten times as long. What follows the first characters could only
 * make a password better.
 */
const CHARACTERS_MAX = 32
const SUBSTITUTIONS_MAX = 16
/** Of what is known of the owner: the e-mail, three names, and their parts. */
const ABOUT_MAX = 16

/** Loads zxcvbn and its lists, which takes about 100 ms. */
export function scorer(): Score {
  const { ZxcvbnFactory } = createRequire(__filename)('@zxcvbn-ts/core') as typeof Zxcvbn
  const { dictionary, adjacencyGraphs } = commonLanguage()
  const bounds = { maxLength: CHARACTERS_MAX, l33tMaxSubstitutions: SUBSTITUTIONS_MAX }
  const zxcvbn = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, ...bounds })
  return (password, about) => zxcvbn.check(password, partsOf(about)).score
}

function partsOf(about: readonly string[]): string[] {
  const parts = about.flatMap((text) => [text, ...text.split(/[\s@.+_-]+/)]).filter((part) => part !== '')
  return parts.slice(0, ABOUT_MAX)
}
