import express, { type Request, type Response } from 'express'
import { prefixesOf, tableRouter, type TableHandlers } from './mount'
import type { Resource, Route } from './route'

/** What answers a call. */
export type Place =
  | { readonly kind: 'row'; readonly row: Route; readonly params: Readonly<Record<string, unknown>> }
  /** OPTIONS of a path that exists: answered for everybody. */
  | { readonly kind: 'options' }
  /** The path exists, and does not know the method. */
  | { readonly kind: 'method' }
  /** A page or a file outside the tables: for everybody. */
  | { readonly kind: 'page' }
  | { readonly kind: 'nothing' }

/** @param path with or without a query string. */
export type Locate = (method: string, path: string) => Promise<Place>

export interface LocateSources {
  readonly resources: readonly Resource[]
  readonly rootRoutes: readonly Route[]
  /** Paths outside the tables that answer GET. */
  readonly pages: readonly string[]
}

type Told = (place: Place) => void

/** Finds what answers a call by the very routers that answer it, with handlers that tell instead of act. */
export function createLocate({ resources, rootRoutes, pages }: LocateSources): Locate {
  const router = express.Router({ caseSensitive: true })
  for (const resource of resources) router.use(prefixesOf(resource), tableRouter(resource.routes, TELLING))
  router.use(tableRouter(rootRoutes, TELLING))
  for (const page of pages) {
    router
      .route(page)
      .get((_req, res) => tell(res, { kind: 'page' }))
      .all((req, res) => tell(res, { kind: req.method === 'OPTIONS' ? 'options' : 'method' }))
  }
  return (method, path) =>
    new Promise((told: Told) => {
      const req = { method, url: path, originalUrl: path } as Request
      const res = { locals: { told } } as unknown as Response
      // An error is a path with a malformed % escape: it names nothing that exists.
      router(req, res, () => told({ kind: 'nothing' }))
    })
}

const TELLING: TableHandlers = {
  row: (row) => (req, res) => tell(res, { kind: 'row', row, params: req.params }),
  otherwise: () => (req, res) => tell(res, { kind: req.method === 'OPTIONS' ? 'options' : 'method' }),
}

function tell(res: Response, place: Place): void {
  const { told } = res.locals as { readonly told: Told }
  told(place)
}
