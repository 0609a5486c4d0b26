/** An error and what caused it, outermost first. By shape: errors of another realm are instances of another class. */
export function* causes(error: unknown): Generator<Readonly<Record<string, unknown>>> {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as { cause?: unknown }).cause) {
    yield at as Readonly<Record<string, unknown>>
  }
}
