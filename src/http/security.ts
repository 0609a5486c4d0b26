import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import helmet, { type HelmetOptions } from 'helmet'
import { AppError } from '../errors'

/**
 * The service speaks plain HTTP: `upgrade-insecure-requests` and HSTS would send a browser to a port that nobody listens
 * on. Behind a proxy that ends TLS the entry adds HSTS, where the settings say so.
 */
const BASE: HelmetOptions = {
  strictTransportSecurity: false,
  contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
}

/** For answers that are data: nothing may be loaded, framed or run from them. */
const DATA_ONLY: HelmetOptions = {
  ...BASE,
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
}

/**
 * The pages of the documentation. Both viewers write inline styles and draw with data: images; ReDoc indexes its search
 * in a worker that it makes from a blob.
 */
const PAGES: HelmetOptions = {
  ...BASE,
  contentSecurityPolicy: {
    directives: {
      upgradeInsecureRequests: null,
      styleSrc: ["'self'", "'unsafe-inline'"],
      fontSrc: ["'self'", 'data:'],
      workerSrc: ["'self'", 'blob:'],
    },
  },
}

/** A page with a form that a script of ours sends to us. */
const FORM: HelmetOptions = {
  ...BASE,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ['data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
}

/** Helmet's headers for data as a flat list (name, value, …): they never change, so helmet runs once and not per request. */
export function dataSecurityHeaders(): readonly string[] {
  const recorded: string[] = []
  const recorder = {
    setHeader: (name: string, value: string) => recorded.push(name, value),
    removeHeader: () => undefined,
  }
  helmet(DATA_ONLY)({} as IncomingMessage, recorder as unknown as ServerResponse, (error?: unknown) => {
    if (error !== undefined) throw new Error('Helmet made no headers', { cause: error })
  })
  return recorded
}

export function pageSecurity(): RequestHandler {
  return helmet(PAGES)
}

export function formSecurity(): RequestHandler {
  return helmet(FORM)
}

/**
 * In open mode every caller is an administrator. A web page elsewhere that has its own name resolve to 127.0.0.1 (DNS
 * rebinding) would be one too, but for the Host header, which then bears that name.
 */
export function requireLoopbackHost(host: string | undefined): void {
  if (host !== undefined && isLoopbackHost(host)) return
  throw new AppError('FORBIDDEN', { message: 'In open mode only loopback Host headers are answered' })
}

const LOOPBACK = /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

export function isLoopbackHost(host: string): boolean {
  return host.length <= HOST_LENGTH_MAX && LOOPBACK.test(host)
}

const HOST_LENGTH_MAX = 260
