import { isSameJson, mergePatch } from './merge-patch'
import type { Role, User } from './types.gen'

type Fields = Readonly<Record<string, unknown>>

/** Never shown, so that they tell nothing. */
const UNSEEN: ReadonlySet<string> = new Set(['password', 'current_password'])

/**
 * Whether a resource shows every field that a change asked for: the answer to an attempt was lost, and the next one was
 * refused because of it.
 */
export function showsChange(resource: User | Role, change: object): boolean {
  const shown = resource as unknown as Fields
  return Object.entries(change).every(
    ([name, wanted]) => wanted === undefined || UNSEEN.has(name) || shows(name, shown[name], wanted),
  )
}

function shows(name: string, shown: unknown, wanted: unknown): boolean {
  switch (name) {
    case 'metadata':
      // The change was merged into what was there: merged once more, it makes no difference.
      return isSameJson(wanted === null ? {} : mergePatch(shown, wanted), shown)
    case 'email':
      return normalized(wanted) === shown
    case 'roles':
    case 'permissions':
      return wanted === null || isSameJson(sorted(wanted), sorted(shown))
    default:
      // null stands for the default: for a name it is made of others.
      return wanted === null ? shown === null || name === 'name' || name === 'is_active' : isSameText(wanted, shown)
  }
}

function normalized(email: unknown): unknown {
  return typeof email === 'string' ? email.trim().toLowerCase() : email
}

function sorted(names: unknown): unknown {
  return Array.isArray(names) ? [...(names as readonly string[])].sort() : names
}

function isSameText(wanted: unknown, shown: unknown): boolean {
  return isSameJson(typeof wanted === 'string' ? wanted.trim() : wanted, shown)
}
