/** Names come again and again: to find one costs less than to make it, and V8 need not look whether it knows it. */
const NAMES_KNOWN = 1_024
const NAME_BYTES_MAX = 32
const names: (string | undefined)[] = new Array<undefined>(NAMES_KNOWN).fill(undefined)

/** A field's name, in UTF-8 from `start` to `end`. */
export function fieldName(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  if (length > NAME_BYTES_MAX) return bytes.toString('utf8', start, end)
  let hash = length
  for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + (bytes[i] as number)
  const slot = (hash ^ (hash >>> 10)) & (NAMES_KNOWN - 1)
  const known = names[slot]
  if (known !== undefined && isName(known, bytes, start, length)) return known
  const name = bytes.toString('utf8', start, end)
  names[slot] = name
  return name
}

/** One of other characters than ASCII's is never found: its bytes are not their numbers. */
function isName(name: string, bytes: Buffer, start: number, length: number): boolean {
  if (name.length !== length) return false
  for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== bytes[start + i]) return false
  return true
}
