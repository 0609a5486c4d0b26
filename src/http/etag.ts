import type { IncomingHttpHeaders } from 'node:http'
import { VersionMismatchError } from '../errors'

/** A version as an entity tag: strong, because a version names one exact state (RFC 9110, section 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`
}

/** The versions that a caller accepts; 'any': whichever it is; undefined: it did not say. */
export type IfMatch = 'any' | readonly number[] | undefined

/**
 * Which versions the caller accepts: 'any' for `*`, undefined without the header.
 * @throws VersionMismatchError when no tag of the header can be one of ours: If-Match compares strongly, so a weak tag
 * never matches (RFC 9110, section 13.1.1).
 */
export function readIfMatch(headers: IncomingHttpHeaders): IfMatch {
  const header = headers['if-match']
  if (header === undefined) return undefined
  if (header.trim() === '*') return 'any'
  const versions = tagsIn(header)
    .map(versionIn)
    .filter((version) => version !== undefined)
  if (versions.length === 0) throw new VersionMismatchError()
  return versions
}

/** Whether If-None-Match names this version: the comparison is weak (RFC 9110, section 13.1.2). */
export function isNotModified(headers: IncomingHttpHeaders, version: number): boolean {
  const header = headers['if-none-match']
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const current = etagOf(version)
  return tagsIn(header).some((tag) => tag === current || tag === `W/${current}`)
}

/** A foreign tag may hold a comma and falls apart here; none of its parts can then look like one of ours. */
function tagsIn(header: string): readonly string[] {
  return header.split(',').map((tag) => tag.trim())
}

function versionIn(tag: string): number | undefined {
  const version = Number(tag.slice(1, -1))
  return Number.isSafeInteger(version) && tag === etagOf(version) ? version : undefined
}
