import type { Transport, TransportOptions } from './transport'

type Fetch = typeof globalThis.fetch

/** Over `fetch`: browsers, edge runtimes, Deno. `fetch` of one's own is for tests and wrappers. */
export function fetchTransport(
  { origin }: Pick<TransportOptions, 'origin'>,
  fetch: Fetch = globalThis.fetch,
): Transport {
  return {
    send: async ({ method, target, headers, body }, { signal }) => {
      const init = { method, headers, signal, redirect: 'manual', ...(body === undefined ? {} : { body }) } as const
      const response = await fetch(origin + target, init)
      return {
        status: response.status,
        header: (name) => response.headers.get(name) ?? undefined,
        text: await response.text(),
      }
    },
    close: () => Promise.resolve(),
  }
}
