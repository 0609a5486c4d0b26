import { createHash } from 'node:crypto'
import type { Position } from '../filter/sort'

const FORMAT = 1
const CHECK_LENGTH = 16

/**
 * Cursors of one list: its order and its filter, in any text that differs when they do. A cursor carries a checksum
 * over both, so it is refused for any other list, and when a character of it was changed. It is no secret and grants
 * nothing: it is a place in an order.
 */
export interface CursorScope {
  readonly list: string
  /** The type of each level's value, in the order's order. */
  readonly levels: readonly ('string' | 'number')[]
}

export function encodeCursor(scope: CursorScope, position: Position): string {
  const place = [...position.values, position.id]
  return Buffer.from(JSON.stringify([FORMAT, checksum(scope, place), ...place])).toString('base64url')
}

/** The position in a cursor, and undefined where the text is no cursor of this list. */
export function decodeCursor(scope: CursorScope, text: string): Position | undefined {
  const bytes = Buffer.from(text, 'base64url')
  // Node reads over characters that do not belong there.
  if (bytes.toString('base64url') !== text) return undefined
  const content = parseArray(bytes.toString('utf8'))
  if (content?.[0] !== FORMAT) return undefined
  const [check, ...place] = content.slice(1)
  const id = place.at(-1)
  const values = place.slice(0, -1)
  if (typeof id !== 'string' || !fits(values, scope.levels)) return undefined
  return check === checksum(scope, [...values, id]) ? { values, id } : undefined
}

function fits(values: readonly unknown[], levels: CursorScope['levels']): values is (string | number)[] {
  return values.length === levels.length && values.every((value, at) => typeof value === levels[at])
}

function checksum({ list }: CursorScope, place: readonly (string | number)[]): string {
  return createHash('sha256')
    .update(JSON.stringify([FORMAT, list, place]))
    .digest('base64url')
    .slice(0, CHECK_LENGTH)
}

function parseArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
