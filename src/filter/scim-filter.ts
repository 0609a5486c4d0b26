import { parseInstant } from './instant'
import {
  type FieldKind,
  type FieldTable,
  type Filter,
  type FilterValue,
  kindOf,
  OPERATORS,
  type Operator,
} from './filter'
import { FilterError, type Token, tokenize } from './scim-tokens'

export const FILTER_LENGTH_MAX = 2_000
/** Parentheses and `not` within each other. */
export const FILTER_DEPTH_MAX = 8

const OPERATORS_OF: Readonly<Record<FieldKind, readonly Operator[]>> = {
  text: OPERATORS,
  number: ['eq', 'ne', 'gt', 'ge', 'lt', 'le'],
  boolean: ['eq', 'ne'],
  instant: ['eq', 'ne', 'gt', 'ge', 'lt', 'le'],
  id: ['eq', 'ne'],
  set: ['eq', 'ne', 'co', 'sw', 'ew'],
  free: OPERATORS,
}
const TYPE_OF = { text: 'string', number: 'number', boolean: 'boolean', instant: 'string', id: 'string', set: 'string' }

/**
 * Reads the filter language of SCIM (RFC 7644, section 3.4.2.2) over an allow-list of fields: eq ne co sw ew gt ge lt
 * le pr, and, or, not (…), parentheses. Value paths (`emails[type eq "work"]`) and schema URNs are not part of it, for
 * no field here has parts of that kind. Names of fields and operators are read without regard to case; below a
 * family (`metadata.*`) the keys are the caller's own and read exactly.
 *
 * It is written out here because the bounds, the allow-list and the position of a mistake are its point, and the
 * grammar itself is a page.
 * @throws FilterError
 */
export function parseFilter(text: string, fields: FieldTable): Filter {
  return new Parser(tokenize(text), fields).parse()
}

class Parser {
  private next = 0

  constructor(
    private readonly tokens: readonly Token[],
    private readonly fields: FieldTable,
  ) {}

  parse(): Filter {
    const filter = this.disjunction(0)
    const rest = this.peek()
    if (rest.kind !== 'end') throw new FilterError('should have ended, or gone on with "and" or "or",', rest.position)
    return filter
  }

  private disjunction(depth: number): Filter {
    return this.chain('or', () => this.chain('and', () => this.term(depth)))
  }

  private chain(kind: 'and' | 'or', part: () => Filter): Filter {
    const first = part()
    const parts = [first]
    while (this.takeWord(kind)) parts.push(part())
    return parts.length > 1 ? { kind, parts } : first
  }

  private term(depth: number): Filter {
    const token = this.peek()
    if (token.kind === 'open') return this.group(depth)
    // `not` opens a negation only before a parenthesis, as in the grammar.
    if (isWord(token, 'not') && this.tokens[this.next + 1]?.kind === 'open') {
      this.next += 1
      return { kind: 'not', part: this.group(depth) }
    }
    return this.expression()
  }

  private group(depth: number): Filter {
    const open = this.take()
    if (depth >= FILTER_DEPTH_MAX) {
      throw new FilterError(`is nested more than ${FILTER_DEPTH_MAX} deep`, open.position)
    }
    const filter = this.disjunction(depth + 1)
    const close = this.take()
    if (close.kind !== 'close') throw new FilterError('lacks a closing parenthesis', close.position)
    return filter
  }

  private expression(): Filter {
    const name = this.take()
    if (name.kind !== 'word') throw new FilterError('lacks the name of a field', name.position)
    const field = canonicalName(this.fields, name.text)
    const kind = field === undefined ? undefined : kindOf(this.fields, field)
    if (field === undefined || kind === undefined) {
      throw new FilterError('names a field that cannot be filtered by', name.position)
    }
    if (this.takeWord('pr')) return { kind: 'present', field }
    const operator = this.operator(kind)
    const token = this.take()
    if (token.kind !== 'value' || token.value === undefined) throw new FilterError('lacks a value', token.position)
    return { kind: 'compare', field, operator, value: readValue(kind, operator, token.value, token.position) }
  }

  private operator(kind: FieldKind): Operator {
    const token = this.take()
    const operator = OPERATORS.find((known) => isWord(token, known))
    if (!operator) throw new FilterError('lacks an operator (eq ne co sw ew gt ge lt le pr)', token.position)
    if (!OPERATORS_OF[kind].includes(operator)) {
      throw new FilterError(`has the operator "${operator}" on a field that does not know it`, token.position)
    }
    return operator
  }

  private peek(): Token {
    // The last token is always `end`, and nothing reads beyond it.
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] as Token
  }

  private take(): Token {
    const token = this.peek()
    this.next += 1
    return token
  }

  private takeWord(word: string): boolean {
    const found = isWord(this.peek(), word)
    if (found) this.next += 1
    return found
  }
}

function isWord(token: Token, word: string): boolean {
  return token.kind === 'word' && token.text.toLowerCase() === word
}

const KEY = /^(?!__proto__$)[\w-]+$/

/** The name as the table writes it; below a family the keys stay as they are. */
function canonicalName(fields: FieldTable, written: string): string | undefined {
  const dot = written.indexOf('.')
  if (dot < 0) return Object.keys(fields).find((name) => name.toLowerCase() === written.toLowerCase())
  const family = `${written.slice(0, dot).toLowerCase()}.*`
  const keys = written.slice(dot + 1)
  const known = Object.keys(fields).find((name) => name.toLowerCase() === family)
  if (known === undefined || !keys.split('.').every((key) => KEY.test(key))) return undefined
  return `${known.slice(0, -1)}${keys}`
}

function readValue(
  kind: FieldKind,
  operator: Operator,
  value: string | number | boolean | null,
  position: number,
): FilterValue {
  if (value === null) {
    if (operator === 'eq' || operator === 'ne') return null
    throw new FilterError('compares the order of null', position)
  }
  if (kind === 'free') return readFreeValue(operator, value, position)
  if (typeof value !== TYPE_OF[kind]) throw new FilterError(`should have a ${TYPE_OF[kind]} as value`, position)
  if (kind !== 'instant') return value
  const instant = parseInstant(value as string)
  if (!instant) throw new FilterError('should have a date and time as RFC 3339 writes it', position)
  return instant
}

function readFreeValue(operator: Operator, value: string | number | boolean, position: number): FilterValue {
  const words = operator === 'co' || operator === 'sw' || operator === 'ew'
  if (words && typeof value !== 'string') throw new FilterError('should have a string as value', position)
  if (typeof value === 'boolean' && operator !== 'eq' && operator !== 'ne') {
    throw new FilterError('compares the order of a boolean', position)
  }
  return value
}
