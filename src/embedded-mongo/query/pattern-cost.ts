/*
 * How many steps a backtracking matcher may need, at worst, on a text of a given length. An upper bound, not an estimate:
 * nested repetition, as in `^(a+)+$`, comes out astronomically high, and so do some patterns that are harmless.
 */

/** The logarithm (base 2) of an upper bound of steps, by the length of the text. */
export type PatternCost = (textLength: number) => number

/** A part of a pattern: in how many ways it can match, as a logarithm. 0: in one way. */
type Ways = (textLength: number) => number

const ONE_WAY: Ways = () => 0

/** What cannot be read here costs more than anything may. */
export function patternCost(source: string): PatternCost {
  const reader = new PatternReader(source)
  const ways = reader.alternatives()
  if (!reader.isAtEnd) return () => Infinity
  const anchored = source.startsWith('^') && reader.branches === 1
  const size = Math.log2(source.length + 1)
  return (length) => {
    const perLength = Math.log2(length + 1)
    return ways(length) + size + (anchored ? 0 : perLength) + (reader.hasReference ? perLength : 0)
  }
}

const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/y
const GROUP_START = /\((?:\?(?:[:=!]|<[=!]|<[A-Za-z_]\w*>))?/y
const ATOM = /\\(?:k<\w+>|[pP]\{[^}]*\}|u\{[^}]*\}|[\s\S])|\[(?:\\[\s\S]|[^\]\\])*\]|[^\\[()|]/uy

/** Reads JavaScript's syntax of regular expressions, as far as repetition and choice go. */
class PatternReader {
  hasReference = false
  /** Of the alternatives that were read last: in the end, the outermost. */
  branches = 0
  private at = 0

  constructor(private readonly source: string) {}

  get isAtEnd(): boolean {
    return this.at === this.source.length
  }

  alternatives(): Ways {
    const starts = [this.at]
    const branches = [this.sequence()]
    while (this.source[this.at] === '|') {
      starts.push(++this.at)
      branches.push(this.sequence())
    }
    this.branches = branches.length
    const [only] = branches
    if (branches.length === 1 && only !== undefined) return only
    // Where no two branches begin with the same character, the text leaves no choice.
    const firsts = starts.map((at) => /^[\w@ -]/.exec(this.source.slice(at, at + 1))?.[0].toLowerCase())
    const isDecided = !firsts.includes(undefined) && new Set(firsts).size === firsts.length
    if (isDecided && branches.every((ways) => ways === ONE_WAY)) return ONE_WAY
    return (length) => Math.max(...branches.map((ways) => ways(length))) + Math.log2(branches.length)
  }

  private sequence(): Ways {
    const parts: Ways[] = []
    for (let part = this.repeated(); part !== undefined; part = this.repeated()) {
      if (part !== ONE_WAY) parts.push(part)
    }
    if (parts.length === 0) return ONE_WAY
    return (length) => parts.reduce((sum, ways) => sum + ways(length), 0)
  }

  private repeated(): Ways | undefined {
    const body = this.group() ?? this.atom()
    if (body === undefined) return undefined
    const quantifier = this.take(QUANTIFIER)
    return quantifier === undefined ? body : repeatedWays(body, quantifier)
  }

  private group(): Ways | undefined {
    const before = this.at
    if (this.take(GROUP_START) === undefined) return undefined
    const ways = this.alternatives()
    if (this.source[this.at] !== ')') {
      // Not closed: whoever asks sees that the end was not reached.
      this.at = before
      return undefined
    }
    this.at++
    return ways
  }

  private atom(): Ways | undefined {
    const found = this.take(ATOM)
    if (found === undefined) return undefined
    if (/^\\[1-9k]/.test(found[0])) this.hasReference = true
    return ONE_WAY
  }

  private take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at
    const found = expression.exec(this.source) ?? undefined
    if (found !== undefined) this.at = expression.lastIndex
    return found
  }
}

function repeatedWays(body: Ways, [text, min, comma, max]: RegExpExecArray): Ways {
  if (min !== undefined && comma === undefined) {
    const times = Number(min)
    return body === ONE_WAY ? ONE_WAY : (length) => times * body(length)
  }
  const timesMax = text.startsWith('?') ? 1 : max === undefined || max === '' ? Infinity : Number(max)
  if (body === ONE_WAY) return (length) => Math.log2(Math.min(timesMax, length) + 1)
  // Every round is one more choice between all the ways of the body and the end of the repetition.
  return (length) => Math.min(timesMax, length) * Math.log2(1 + 2 ** body(length))
}
