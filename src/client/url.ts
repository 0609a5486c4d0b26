export type QueryValue = string | number | boolean | Date | null | undefined
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>

export interface BaseUrl {
  readonly origin: string
  /** What stands before every path, without a slash at its end: '' or `/directory`. */
  readonly prefix: string
}

/** @throws TypeError that does not repeat the address: it may hold a password */
export function readBaseUrl(text: string): BaseUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) throw new TypeError('The base URL must begin with http:// or https://')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError('The base URL must hold neither credentials nor a query')
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') }
}

/**
 * `/users/{id}` with its parameters. An empty one would lead to another route, and so would dots, which URL parsers take
 * for the folder above, escaped or not.
 */
export function fillPath(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined || value === '' || value === '.' || value === '..') {
      throw new TypeError(`${name} must not be ${value === undefined ? 'absent' : JSON.stringify(value)}`)
    }
    return encodeURIComponent(value)
  })
}

/** `?page=2&role=A&role=B`: lists are repeated, dates are RFC 3339, what is absent is left out. */
export function queryText(query: Query | undefined): string {
  if (!query) return ''
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one: QueryValue) => one !== undefined && one !== null)
      .map((one: QueryValue): [string, string] => [name, one instanceof Date ? one.toISOString() : String(one)]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`
}
