/** Something that stands in the order of its key. */
interface Keyed {
  readonly key: Buffer
}

/** What a key was changed to; undefined: there is no such entry any more. */
export interface Change extends Keyed {
  readonly value: Buffer | undefined
}

/** Both in the same order; of two with the same key the change counts. */
export function* merge(base: Iterable<Change>, changes: Iterable<Change>, direction: 1 | -1): Generator<Change> {
  const changed = changes[Symbol.iterator]()
  let next = changed.next()
  for (const entry of base) {
    let order = -1
    while (next.done !== true && (order = direction * next.value.key.compare(entry.key)) <= 0) {
      const change = next.value
      next = changed.next()
      yield change
      if (order === 0) break
      order = -1
    }
    if (order !== 0) yield entry
  }
  for (; next.done !== true; next = changed.next()) yield next.value
}

/** Those that are there. */
export function* present(changes: Iterable<Change>): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  for (const { key, value } of changes) if (value !== undefined) yield { key, value }
}
