import type { Doc } from './doc'
import { badValue } from './errors'
import { isNumeric } from './types'
import { toNumber } from './exact'

/** How strings compare when an operation asks for a collation. */
export interface Collation {
  compareStrings(a: string, b: string): number
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
  const collator = makeCollator(locale.replaceAll('_', '-'), collatorOptions(spec))
  return { compareStrings: (a, b) => collator.compare(a, b) }
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
