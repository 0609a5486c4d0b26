/**
 * Control characters (C0, DEL and C1, among them the escape that begins a colour or cursor command) and the two line
 * separators of Unicode: what could end a line early, begin another or command a terminal.
 */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** Text that stays on its line. */
export function onOneLine(text: string): string {
  return text.replace(UNSAFE, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
