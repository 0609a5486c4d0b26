/** A filter that does not follow the grammar or the allow-list. `position` counts characters from 0. */
export class FilterError extends Error {
  readonly position: number

  constructor(reason: string, position: number) {
    super(reason)
    this.name = new.target.name
    this.position = position
  }
}

export interface Token {
  readonly kind: 'open' | 'close' | 'word' | 'value' | 'end'
  /** As written. */
  readonly text: string
  readonly position: number
  /** Of a `value`: the JSON scalar that it is. */
  readonly value?: string | number | boolean | null
}

// Each of them is linear: no two parts of a pattern can match the same characters.
const SPACE = / +/y
const STRING = /"(?:[^"\\]|\\.)*"/y
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y
const WORD = /[A-Za-z][\w.-]*/y
const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** @throws FilterError */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  let position = 0
  while (position < text.length) {
    const space = matchAt(SPACE, text, position)
    position += space.length
    if (position >= text.length) break
    const token = tokenAt(text, position)
    tokens.push(token)
    position += token.text.length
  }
  tokens.push({ kind: 'end', text: '', position })
  return tokens
}

function tokenAt(text: string, position: number): Token {
  const character = text[position]
  if (character === '(') return { kind: 'open', text: '(', position }
  if (character === ')') return { kind: 'close', text: ')', position }
  const literal = matchAt(STRING, text, position) || matchAt(NUMBER, text, position)
  if (literal) return { kind: 'value', text: literal, position, value: readJson(literal, position) }
  const word = matchAt(WORD, text, position)
  if (!word) throw new FilterError('has an unexpected character', position)
  const constant = CONSTANTS.get(word)
  return constant === undefined
    ? { kind: 'word', text: word, position }
    : { kind: 'value', text: word, position, value: constant }
}

function matchAt(pattern: RegExp, text: string, position: number): string {
  pattern.lastIndex = position
  return pattern.exec(text)?.[0] ?? ''
}

/** Values are JSON's (RFC 7644, section 3.4.2.2: compValue). */
function readJson(literal: string, position: number): string | number {
  try {
    return JSON.parse(literal) as string | number
  } catch {
    throw new FilterError('has a value that is not valid JSON', position)
  }
}
