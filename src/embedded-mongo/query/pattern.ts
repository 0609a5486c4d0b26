import { CommandError, badValue, messageOf } from '../bson/errors'
import { regexParts } from '../bson/types'
import type { Pattern } from './filter-tree'
import { patternCost } from './pattern-cost'

/** MongoDB's own bound on the length of a pattern, in characters. */
export const PATTERN_LENGTH_MAX = 32_764

/** Steps of a matcher that may be made without a guard, as a power of two: some milliseconds. */
const FREE_STEPS_LOG = 20

const KNOWN_OPTIONS = /^[imsxu]*$/
const INLINE_OPTIONS = /^\(\?([imsx]+)\)/

/** Makes a JavaScript expression of a PCRE one. Throws 51091 for a pattern that is none. */
export function compilePattern(source: string, options: string): Pattern {
  if (source.length > PATTERN_LENGTH_MAX)
    throw invalid('pattern string is longer than the limit set by the application')
  if (source.includes('\0')) throw badValue('Regular expression cannot contain an embedded null byte')
  if (!KNOWN_OPTIONS.test(options))
    throw new CommandError(51108, 'Location51108', `invalid flag in regex options: ${options}`)
  const inline = INLINE_OPTIONS.exec(source)
  const flags = new Set(options + (inline?.[1] ?? ''))
  const body = inline === null ? source : source.slice(inline[0].length)
  const text = anchorsOf(flags.has('x') ? withoutLayout(body) : body)
  const regex = toRegExp(text, [...flags].filter((flag) => 'ims'.includes(flag)).join(''))
  const cost = patternCost(text)
  return { source, options, regex, isCostly: (textLength) => cost(textLength) > FREE_STEPS_LOG }
}

/** From a BSON regular expression, whose options a `$options` beside it replaces. */
export function patternOf(value: unknown, options?: string): Pattern {
  const parts = regexParts(value)
  return compilePattern(parts.pattern, options ?? parts.options)
}

/** By code points where the syntax allows it, as PCRE does; JavaScript's `u` refuses some escapes that PCRE takes. */
function toRegExp(text: string, flags: string): RegExp {
  try {
    return new RegExp(text, `${flags}u`)
  } catch {
    try {
      return new RegExp(text, flags)
    } catch (error) {
      throw invalid(messageOf(error))
    }
  }
}

function invalid(reason: string): CommandError {
  return new CommandError(51091, 'Location51091', `Regular expression is invalid: ${reason}`)
}

/** PCRE's \A, \z and \Z as JavaScript says them. */
function anchorsOf(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, (whole, letter: string) => {
    if (letter === 'A') return '(?<![\\s\\S])'
    if (letter === 'z') return '(?![\\s\\S])'
    return letter === 'Z' ? '(?=\\n?(?![\\s\\S]))' : whole
  })
}

/** Drops the white space and comments that option `x` allows outside of classes. */
function withoutLayout(text: string): string {
  return text.replaceAll(/\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\s+|#[^\n]*/g, (token) =>
    /^[\s#]/.test(token) ? '' : token,
  )
}

const PLAIN_PREFIX = /^\^((?:[^\\^$.|?*+()[\]{}\n]|\\[^a-zA-Z0-9])*)/

/**
 * The literal beginning that every match of an anchored pattern has, for index bounds. `whole`: a string matches as
 * soon as it begins so.
 */
export function literalPrefix(pattern: Pattern): { prefix: string; whole: boolean } | undefined {
  if (pattern.options.replace('u', '') !== '' || pattern.source.includes('|')) return undefined
  const found = PLAIN_PREFIX.exec(pattern.source)
  if (found === null) return undefined
  const rest = pattern.source.slice(found[0].length)
  const whole = rest === '' || rest === '.*'
  // A quantifier after the last character takes it away from the prefix.
  const literal = /^[?*{]/.test(rest) ? withoutLastCharacter(found[1] as string) : (found[1] as string)
  const prefix = literal.replaceAll(/\\(.)/g, '$1')
  return prefix === '' ? undefined : { prefix, whole }
}

function withoutLastCharacter(literal: string): string {
  return literal.replace(/(?:\\.|[\uD800-\uDBFF][\uDC00-\uDFFF]|.)$/s, '')
}
