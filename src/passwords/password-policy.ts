import { type CommonPasswords, commonPasswords, NO_COMMON_PASSWORDS } from './common-passwords'
import { PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN } from './password-hasher'
import { type Score, scorer } from './password-score'

export type CharacterClass = 'lower' | 'upper' | 'digit' | 'symbol'

export interface PolicyRules {
  /** In bytes of UTF-8. */
  readonly minBytes: number
  readonly classes: readonly CharacterClass[]
  /** Words that no password may hold, without regard to case. */
  readonly words: readonly string[]
  /** The least zxcvbn score, 0 to 4. 0: not asked for. */
  readonly minScore: number
  readonly refuseCommon: boolean
}

/** One rule that a password breaks. The code is joi's where joi has one. */
export type PasswordProblem =
  | { readonly code: 'password.characters' | 'password.common' | 'password.score' | 'password.word' }
  | { readonly code: 'string.min' | 'string.max'; readonly limit: number }
  | { readonly code: 'string.pattern.name'; readonly name: string }

export interface PasswordPolicy {
  /** For people: what a password needs. */
  readonly description: string
  readonly minScore: number

  /**
   * Every rule that the password breaks.
   * @param about what is known of its owner: a password must not be one of these, nor be guessed from them.
   */
  problems(password: string, about: readonly string[]): readonly PasswordProblem[]
}

const CLASSES: Readonly<Record<CharacterClass, { readonly name: string; readonly pattern: RegExp }>> = {
  lower: { name: 'lower-case letter', pattern: /\p{Ll}/u },
  upper: { name: 'upper-case letter', pattern: /\p{Lu}/u },
  digit: { name: 'digit', pattern: /\p{Nd}/u },
  symbol: { name: 'symbol', pattern: /[^\p{L}\p{M}\p{N}\p{C}]/u },
}
const LONE_SURROGATE = /\p{Surrogate}/u

/** What is asked for where nothing was configured, without a list of common passwords. */
export const BASIC_RULES: PolicyRules = Object.freeze({
  minBytes: PASSWORD_BYTES_MIN,
  classes: ['lower', 'upper', 'digit'] as const,
  words: [],
  minScore: 0,
  refuseCommon: false,
})

/** Reads the lists that the rules need, once, and no others. */
export function createPasswordPolicy(rules: PolicyRules): PasswordPolicy {
  const common = rules.refuseCommon ? commonPasswords(rules.minBytes) : NO_COMMON_PASSWORDS
  const score = rules.minScore > 0 ? scorer() : undefined
  return {
    description: describe(rules),
    minScore: rules.minScore,
    problems: (password, about) => {
      const plain = plainProblems(password, rules)
      // What breaks a plain rule is not looked at further: only a possible password costs the time.
      return plain.length > 0 ? plain : guessProblems(password, about, rules, common, score)
    },
  }
}

function plainProblems(password: string, { minBytes, classes }: PolicyRules): readonly PasswordProblem[] {
  const problems: PasswordProblem[] = []
  const bytes = Buffer.byteLength(password)
  if (password.includes('\0') || LONE_SURROGATE.test(password)) problems.push({ code: 'password.characters' })
  if (bytes < minBytes) problems.push({ code: 'string.min', limit: minBytes })
  if (bytes > PASSWORD_BYTES_MAX) problems.push({ code: 'string.max', limit: PASSWORD_BYTES_MAX })
  for (const { name, pattern } of classes.map((one) => CLASSES[one])) {
    if (!pattern.test(password)) problems.push({ code: 'string.pattern.name', name })
  }
  return problems
}

function guessProblems(
  password: string,
  about: readonly string[],
  { minScore, words }: PolicyRules,
  common: CommonPasswords,
  score: Score | undefined,
): readonly PasswordProblem[] {
  const problems: PasswordProblem[] = []
  const lowered = password.toLowerCase()
  if (words.some((word) => lowered.includes(word.toLowerCase()))) problems.push({ code: 'password.word' })
  if (common.has(lowered)) problems.push({ code: 'password.common' })
  if (score && score(password, about) < minScore) problems.push({ code: 'password.score' })
  return problems
}

function describe({ minBytes, classes, words, minScore, refuseCommon }: PolicyRules): string {
  const names = classes.map((one) => `${/^[aeiou]/.test(CLASSES[one].name) ? 'an' : 'a'} ${CLASSES[one].name}`)
  const last = names.pop()
  const listed = names.length > 0 ? `${names.join(', ')} and ${last}` : last
  return [
    `${minBytes} to ${PASSWORD_BYTES_MAX} bytes in UTF-8${listed === undefined ? '' : `, with ${listed}`}`,
    ...(words.length > 0 ? ['without words that are refused here'] : []),
    ...(refuseCommon ? ['none of the commonest'] : []),
    ...(minScore > 0 ? [`a zxcvbn score of at least ${minScore}`] : []),
  ].join('; ')
}
