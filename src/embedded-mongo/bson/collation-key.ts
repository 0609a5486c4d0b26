/*
 * Intl.Collator compares strings but gives no sort keys. What an index, a group and a set need is less: one key for all
 * strings that are equal. It is made character by character, and the collator itself is asked whether each replacement
 * is equal to what it replaces.
 */

/** Characters that are remembered; beyond that they are looked up anew. */
const CHARACTERS_MAX = 10_000
/** A character may be folded more than once: half-width to full-width, to the other kana. */
const ROUNDS_MAX = 4
const KATAKANA = /[\u30a1-\u30f6]/
const KANA_DISTANCE = 0x60
const PLAIN = /^[\x20-\x7e]*$/

/** Locales whose ASCII letters are not those of the others. */
const OTHER_CASE = /^(?:tr|az|lt)\b/

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz')
const ASCII = [...LETTERS, ...LETTERS.flatMap((a) => LETTERS.map((b) => a + b))]

/** Makes a string's key: equal keys for strings that compare as equal. */
export function stringKeys(collator: Intl.Collator, locale: string, ignoresCase: boolean): (text: string) => string {
  const known = new Map<string, string>()
  const isEqual = (a: string, b: string): boolean => collator.compare(a, b) === 0
  const foldOnce = (character: string): string => {
    if (isEqual(character, '')) return ''
    const found = candidates(character, locale).find((other) => other !== character && isEqual(other, character))
    return (
      found ?? (character < '\u007f' ? character : (ASCII.find((letters) => isEqual(letters, character)) ?? character))
    )
  }
  const fold = (character: string): string => {
    let folded = character
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const next = Array.from(folded, foldOnce).join('')
      if (next === folded) break
      folded = next
    }
    if (known.size < CHARACTERS_MAX) known.set(character, folded)
    return folded
  }
  const plain = !OTHER_CASE.test(locale)
  return (text) => {
    if (plain && PLAIN.test(text)) return ignoresCase ? text.toLowerCase() : text
    let key = ''
    for (const character of text.normalize('NFD')) key += known.get(character) ?? fold(character)
    return key
  }
}

/** What might be equal to a character, the plainest first. */
function candidates(character: string, locale: string): readonly string[] {
  const compatible = character.normalize('NFKD')
  const lower = (text: string): string => text.toLocaleLowerCase(locale)
  const code = character.codePointAt(0) ?? 0
  const hiragana = KATAKANA.test(character) ? [String.fromCodePoint(code - KANA_DISTANCE)] : []
  return [lower(compatible), compatible, lower(character.toLocaleUpperCase(locale)), lower(character), ...hiragana]
}
