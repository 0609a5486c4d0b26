import { createLocate, type Locate, type LocateSources } from '../http/locate'
import type { Resource } from '../http/route'
import { authzResource } from './authz.routes'
import { type ExplainDeps, ExplainService } from './explain.service'

/** The questions about who may do what, over all tables: this one among them. */
export function createAuthz(deps: Omit<ExplainDeps, 'locate'>, sources: LocateSources): Resource {
  const resource = authzResource(new ExplainService({ ...deps, locate: (method, path) => locate(method, path) }))
  const locate: Locate = createLocate({ ...sources, resources: [...sources.resources, resource] })
  return resource
}
