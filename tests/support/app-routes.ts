import type { Express } from 'express'

interface Layer {
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method?: string }[] }
  readonly handle: { readonly stack?: readonly Layer[] }
  /** Where the router is mounted. */
  readonly rawPath: string | readonly string[]
}

export interface AppRoute {
  readonly method: string
  /** As it is unversioned: `/users/{id}`. */
  readonly path: string
  /** Every prefix under which its router answers: '' at the root. */
  readonly prefixes: readonly string[]
}

/** Every route of the app, found in Express's own router. */
export function routesOf(app: Express): readonly AppRoute[] {
  const { stack } = (app as unknown as { router: { stack: readonly Layer[] } }).router
  return stack.flatMap((layer) => {
    if (layer.route) return routesIn([layer], [''])
    const places = Array.isArray(layer.rawPath) ? (layer.rawPath as readonly string[]) : [String(layer.rawPath)]
    return routesIn(
      layer.handle.stack ?? [],
      places.map((place) => (place === '/' ? '' : place)),
    )
  })
}

function routesIn(layers: readonly Layer[], prefixes: readonly string[]): AppRoute[] {
  const base = prefixes.find((prefix) => !prefix.startsWith('/api/')) ?? ''
  return layers.flatMap(({ route }) => {
    if (!route) return []
    const path = base + (route.path === '/' ? '' : route.path.replace(/:(\w+)/g, '{$1}'))
    const methods = new Set(route.stack.flatMap(({ method }) => method?.toUpperCase() ?? []))
    return [...methods].map((method) => ({ method, path, prefixes }))
  })
}
