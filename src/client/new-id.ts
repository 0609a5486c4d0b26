const ID_BYTES = 16

interface RandomSource {
  readonly randomUUID?: () => string
  readonly getRandomValues: (bytes: Uint8Array) => Uint8Array
}

/** A random id. Browsers have `randomUUID` in secure contexts only. */
export function newId(): string {
  const { crypto } = globalThis as { crypto: RandomSource }
  if (crypto.randomUUID) return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
