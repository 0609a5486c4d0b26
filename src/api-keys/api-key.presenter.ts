import type { ApiKey } from './api-key'
import { API_KEY_PREFIX } from './api-key-format'

/** An API key as its owner sees it: neither the key nor its hash. */
export interface ApiKeyView {
  readonly id: string
  readonly name: string
  /** How the key begins: enough to know it again where it is used. */
  readonly prefix: string
  readonly permissions: readonly string[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
}

/** All that is held on a key of a person. */
export interface ApiKeyRecord extends ApiKeyView {
  readonly revoked_at: string | null
}

export function presentApiKey(key: ApiKey): ApiKeyView {
  return {
    id: key.id,
    name: key.name,
    prefix: API_KEY_PREFIX + key.id,
    permissions: key.permissions,
    created_at: key.created_at.toISOString(),
    expires_at: key.expires_at?.toISOString() ?? null,
    last_used_at: key.last_used_at?.toISOString() ?? null,
  }
}

export function recordOf(key: ApiKey): ApiKeyRecord {
  return { ...presentApiKey(key), revoked_at: key.revoked_at?.toISOString() ?? null }
}
