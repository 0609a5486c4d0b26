/** The entity tag of a version (strong). */
export function etagOf(version: number): string {
  return `"${version}"`
}

/** If-Match for a version; nothing where the caller names none. */
export function ifMatch(version: number | undefined): Readonly<Record<string, string>> | undefined {
  return version === undefined ? undefined : { 'if-match': etagOf(version) }
}
