import { isDoc } from './doc'
import type { Doc } from './doc'
import { stringKeys } from './collation-key'
import { badValue } from './errors'
import { toNumber } from './exact'
import { isNumeric, RANK, rankOf, textOf } from './types'

/** How strings compare when an operation asks for a collation. */
export interface Collation {
  compareStrings(a: string, b: string): number
  /** The value with each string replaced by the key of all strings that are equal to it. */
  keyOf(value: unknown): unknown
  /** The same for an index. Throws BadValue for a string whose key is not known to be right. */
  indexKeyOf(value: unknown): unknown
  /** Equal for collations under which strings compare alike. */
  readonly signature: string
}

const SENSITIVITY: Readonly<Record<number, Intl.CollatorOptions['sensitivity']>> = {
  1: 'base',
  2: 'accent',
  3: 'variant',
}

/**
 * undefined for no collation and for `{locale: 'simple'}`, which compares bytes. Understands locale, strength 1–3,
 * caseLevel, caseFirst, numericOrdering and alternate; throws BadValue for a bad specification.
 * https://www.mongodb.com/docs/manual/reference/collation/
 */
export function compileCollation(spec: Doc | undefined): Collation | undefined {
  if (spec === undefined) return undefined
  const locale = spec['locale']
  if (typeof locale !== 'string') throw badValue("Field 'locale' is required in a collation and must be a string")
  if (locale === 'simple') return undefined
  const options = collatorOptions(spec)
  const tag = locale.replaceAll('_', '-')
  const collator = makeCollator(tag, options)
  const key = stringKeys(collator, tag, options.sensitivity !== 'variant' && options.sensitivity !== 'case')
  const indexKey = (text: string): string => {
    const made = key(text)
    if (made === text || collator.compare(made, text) === 0) return made
    throw badValue(`this server cannot index a string under the collation '${locale}': ${JSON.stringify(text)}`)
  }
  return {
    compareStrings: (a, b) => collator.compare(a, b),
    keyOf: (value) => withStrings(value, key),
    indexKeyOf: (value) => withStrings(value, indexKey),
    signature: JSON.stringify([tag, options]),
  }
}

/** A value with its strings changed, at any depth. */
function withStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((element) => withStrings(element, change))
  if (isDoc(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withStrings(field, change)]))
  }
  return rankOf(value) === RANK.string ? change(textOf(value)) : value
}

function makeCollator(locale: string, options: Intl.CollatorOptions): Intl.Collator {
  try {
    return new Intl.Collator(locale, options)
  } catch {
    throw badValue(`Field 'locale' is invalid in a collation: ${locale}`)
  }
}

function collatorOptions(spec: Doc): Intl.CollatorOptions {
  const strength = isNumeric(spec['strength']) ? toNumber(spec['strength']) : 3
  const sensitivity = SENSITIVITY[strength]
  if (sensitivity === undefined) throw badValue(`Collation strength ${strength} is not supported: 1, 2 or 3`)
  const caseFirst = spec['caseFirst']
  return {
    sensitivity: strength === 1 && spec['caseLevel'] === true ? 'case' : sensitivity,
    numeric: spec['numericOrdering'] === true,
    ignorePunctuation: spec['alternate'] === 'shifted',
    ...(caseFirst === 'upper' || caseFirst === 'lower' ? { caseFirst } : {}),
  }
}

const DEFAULTS = {
  caseLevel: false,
  caseFirst: 'off',
  strength: 3,
  numericOrdering: false,
  alternate: 'non-ignorable',
  maxVariable: 'punct',
  normalization: false,
  backwards: false,
} as const

/** A collation as MongoDB shows it, with every field; undefined for `simple`. Throws BadValue for what no index can have. */
export function indexCollation(spec: Doc | undefined): Doc | undefined {
  if (compileCollation(spec) === undefined || spec === undefined) return undefined
  const whole: Doc = { locale: spec['locale'], ...DEFAULTS, ...spec }
  for (const field of ['caseLevel', 'numericOrdering', 'alternate', 'backwards'] as const) {
    if (whole[field] === DEFAULTS[field]) continue
    throw badValue(`this server has no index with '${field}' in its collation: only locale, strength and caseFirst`)
  }
  return whole
}
