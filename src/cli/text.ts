// Text as a terminal shows it: how wide it is, and without what could command the terminal.

/** Controls (C0, DEL, C1), line and paragraph separators, and what turns the direction of writing around. */
// eslint-disable-next-line no-control-regex -- whatever the server keeps must not command the terminal
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
/** Those of them that JSON lets through as they are. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const PLAIN = /^[\u0020-\u007e]*$/
/** Two columns: East Asian Wide and Fullwidth (UAX #11), and what is shown as a picture. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]|\ufe0f/u
/** No column at all: marks without a letter, joiners, and other invisible ones. */
const INVISIBLE = /^[\p{Mark}\p{Cf}\p{Default_Ignorable_Code_Point}]+$/u
const ELLIPSIS = '…'

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** On one line, and nothing in it that a terminal would obey. */
export function harmless(text: string): string {
  return text.replace(UNSAFE, '\uFFFD')
}

/** JSON that says the same, and commands no terminal. */
export function jsonText(value: unknown): string {
  return escapedJson(JSON.stringify(value, null, 2))
}

export function escapedJson(json: string): string {
  return json.replace(UNSAFE_IN_JSON, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** How many columns the text takes. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment)
  return width
}

function segmentWidth(segment: string): number {
  if (INVISIBLE.test(segment)) return 0
  return WIDE.test(segment) ? 2 : 1
}

/** No wider than that: what is cut ends with an ellipsis, between two characters as people see them. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  let room = width - 1
  for (const { segment } of segmenter.segment(text)) {
    room -= segmentWidth(segment)
    if (room < 0) break
    kept += segment
  }
  return kept + ELLIPSIS
}

/** Exactly that wide, filled up with spaces. */
export function padded(text: string, width: number): string {
  const fitting = cut(text, width)
  return fitting + ' '.repeat(Math.max(0, width - textWidth(fitting)))
}

/** In lines of that width, broken between words. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines.at(-1)
    const joined = last === undefined ? word : `${last} ${word}`
    if (last !== undefined && textWidth(joined) <= width) lines[lines.length - 1] = joined
    else lines.push(word)
  }
  return lines
}
