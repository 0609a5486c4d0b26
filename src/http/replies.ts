import { etagOf } from './etag'
import type { Reply } from './route'

interface Versioned {
  readonly version: number
}

/** Done, and there is nothing to say. */
export const NOTHING: Reply = { status: 204, data: null, message: '' }

/** Something that has a version, with its ETag. */
export function found(data: Versioned, message: string): Reply {
  return { status: 200, data, message, headers: { ETag: etagOf(data.version) } }
}

/** @param location the path at which it is found from now on. */
export function created(data: Versioned, location: string, message: string): Reply {
  return { status: 201, data, message, headers: { ETag: etagOf(data.version), Location: location } }
}
