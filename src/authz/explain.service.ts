import type { ApiKeyService } from '../api-keys/api-key.service'
import type { People } from '../auth/person'
import { AppError, type ErrorCode, UserNotFoundError } from '../errors'
import { type Access, admit, forbidden } from '../http/access'
import type { Authority } from '../http/authority'
import { ANONYMOUS, type Caller, can, isSelf } from '../http/caller'
import type { Locate, Place } from '../http/locate'
import type { Route } from '../http/route'
import { ADMIN_ROLE, type RoleService } from '../roles/role.service'

export interface Question {
  readonly user_id?: string
  readonly api_key_id?: string
  readonly method: string
  readonly path: string
}

export interface Explanation {
  readonly allowed: boolean
  /** What refuses the call. null: it is let in, and answers for itself. */
  readonly status: number | null
  readonly access: Access['to'] | null
  readonly permission: string | null
  /** The roles through which the permission comes. */
  readonly through: readonly string[]
  readonly missing: readonly string[]
  readonly reason: string
}

export interface ExplainDeps {
  readonly locate: Locate
  readonly people: People
  readonly keys: Pick<ApiKeyService, 'callerOf' | 'ownerOf'>
  readonly roles: Pick<RoleService, 'permissionsOf'>
  readonly authority: Authority
  readonly statusOf: (code: ErrorCode) => number
}

type Params = Readonly<Record<string, unknown>>

/** Of whom the question is: as a caller, and why it cannot call where it cannot. */
interface Subject {
  readonly caller: Caller
  readonly barred?: string
}

/** Says whether somebody may make a call, by the same rules that let calls in. */
export class ExplainService {
  constructor(private readonly deps: ExplainDeps) {}

  /**
   * Whoever is known may ask about itself; about others whoever may read users and roles.
   * @throws UserNotFoundError, API_KEY_NOT_FOUND, FORBIDDEN
   */
  async explain(caller: Caller, question: Question): Promise<Explanation> {
    const subject = await this.subjectOf(caller, question)
    const place = await this.deps.locate(question.method, question.path)
    if (place.kind !== 'row') return this.outsideTables(place)
    const refusal = await this.refusalOf(place.row, subject.caller, place.params)
    const through = await this.through(place.row.access, subject.caller)
    return this.answer(place, subject, through, refusal)
  }

  private async subjectOf(caller: Caller, { user_id, api_key_id }: Question): Promise<Subject> {
    if (api_key_id !== undefined) return this.keySubject(caller, api_key_id)
    if (user_id === undefined || isSelf(caller, user_id)) return { caller }
    if (!can(caller, 'users:read')) throw new UserNotFoundError()
    if (!can(caller, 'roles:read')) throw forbidden('roles:read')
    const person = await this.deps.people.find(user_id)
    if (!person) throw new UserNotFoundError()
    if (!person.isActive) return { caller: ANONYMOUS, barred: 'The user is disabled and cannot sign in.' }
    const { id, roles, permissions } = person
    return { caller: { kind: 'user', userId: id, roles, permissions } }
  }

  private async keySubject(caller: Caller, id: string): Promise<Subject> {
    const owner = await this.deps.keys.ownerOf(id)
    const own = owner !== undefined && (caller.keyId === id || isSelf(caller, owner))
    const mayAsk = own || (can(caller, 'users:read') && can(caller, 'roles:read'))
    if (owner === undefined || !mayAsk) throw new AppError('API_KEY_NOT_FOUND')
    const known = await this.deps.keys.callerOf(id)
    return known
      ? { caller: known }
      : { caller: ANONYMOUS, barred: 'The key has ended, or its maker is disabled or gone.' }
  }

  /** The steps of a call before its own work, in their order, but for those that need the call itself. */
  private async refusalOf(row: Route, caller: Caller, params: Params) {
    try {
      admit(row.access, caller, params)
      if (row.rank) await this.deps.authority.requireOver(caller, String(params['id']))
      return undefined
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'SERVICE_UNAVAILABLE') throw error
      return error
    }
  }

  private async through(access: Access, { roles }: Caller): Promise<readonly string[]> {
    if (!('permission' in access)) return []
    const carried = await this.deps.roles.permissionsOf(roles)
    return roles.filter((role) => role === ADMIN_ROLE || carried.get(role)?.includes(access.permission))
  }

  private answer(
    { row, params }: Extract<Place, { kind: 'row' }>,
    { caller, barred }: Subject,
    roles: readonly string[],
    refusal: AppError | undefined,
  ): Explanation {
    const permission = 'permission' in row.access ? row.access.permission : null
    const holds = permission !== null && can(caller, permission)
    return {
      allowed: refusal === undefined,
      status: refusal ? this.deps.statusOf(refusal.code) : null,
      access: row.access.to,
      permission,
      through: holds ? roles : [],
      missing: refusal && permission !== null && !holds ? [permission] : [],
      reason: refusal
        ? [barred, refusal.message].filter((text) => text !== undefined).join(' ')
        : [whyAllowed(row.access, caller, params, roles), ...conditionsOf(row, caller)].join(' '),
    }
  }

  private outsideTables({ kind }: Exclude<Place, { kind: 'row' }>): Explanation {
    const nobody = { permission: null, through: [], missing: [] }
    if (kind === 'page' || kind === 'options')
      return { ...nobody, allowed: true, status: null, access: 'anyone', reason: ANYBODY }
    const code = kind === 'method' ? 'METHOD_NOT_ALLOWED' : 'ROUTE_NOT_FOUND'
    const { message } = new AppError(code)
    return { ...nobody, allowed: false, status: this.deps.statusOf(code), access: null, reason: message }
  }
}

const ANYBODY = 'Anybody may make this call.'

function whyAllowed(access: Access, caller: Caller, params: Params, roles: readonly string[]): string {
  if (access.to === 'anyone') return ANYBODY
  if (access.to === 'known') return 'Whoever is known may make this call.'
  if (access.to === 'people') return 'Every person with a session may make this call.'
  if (!can(caller, access.permission)) return `It is the person's own: ${String(params['id'])}.`
  if (caller.kind === 'operator') return 'The operator may do everything.'
  const scope = caller.kind === 'api_key' ? 'The key may use' : 'The person has'
  return `${scope} ${access.permission} through ${roles.join(', ')}.`
}

/** What the call may still ask for, though the caller is let in. */
function conditionsOf(row: Route, caller: Caller): readonly string[] {
  return row.stepUp && caller.kind === 'user' ? ['It also asks for a fresh proof of identity: POST /auth/step-up.'] : []
}
