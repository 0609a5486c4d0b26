import { NotConfirmedError } from './errors'
import { eventually } from './eventually'
import { isSameJson, mergePatch } from './merge-patch'
import type { CallOptions } from './requester'
import type { Role, User } from './types.gen'

type Fields = Readonly<Record<string, unknown>>

/** Never shown, so that they tell nothing. */
const UNSEEN: ReadonlySet<string> = new Set(['password', 'current_password'])

/** How long reads may lag behind the change that a refusal tells of, in milliseconds. */
const LAG_MS = 5_000

/**
 * For a refusal that may come of the call's own first success: looks until there is something to see, because what is
 * read may be older than the refusal.
 * @param look - undefined: what is shown is older than the refusal
 * @throws the refusal where nothing else is ever shown
 */
export async function seenAfter<T>(
  refusal: unknown,
  look: () => Promise<T | undefined>,
  { signal, totalTimeoutMs = LAG_MS }: CallOptions,
): Promise<T> {
  const deadlineMs = Math.min(totalTimeoutMs, LAG_MS)
  return eventually(look, 'the change that was refused as done', { signal, deadlineMs }).catch((error: unknown) => {
    throw error instanceof NotConfirmedError ? refusal : error
  })
}

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
