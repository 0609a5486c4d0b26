import { type FieldError, ValidationError } from '../errors'
import type { User } from './user'
import type { UserWriter } from './user-writer'

/** What users need to know of roles. */
export interface RoleDirectory {
  /** Those of the names that are no role, or one that is being deleted. */
  unknown(names: readonly string[]): Promise<readonly string[]>
}

/** Grants only roles that exist, though they live in another document and may go at any time. */
export class RoleGrants {
  constructor(
    private readonly roles: RoleDirectory,
    private readonly writer: UserWriter,
  ) {}

  async problems(names: readonly string[] = []): Promise<readonly FieldError[]> {
    const unknown = await this.roles.unknown(names)
    return names.flatMap((name, at) => (unknown.includes(name) ? [unknownRole(at)] : []))
  }

  /**
   * After the grant was written: a role whose deletion began between the check and the write is taken back. Either
   * its deletion sees the grant, or this sees the deletion.
   * @throws ValidationError
   */
  async confirm(user: User, names: readonly string[] = []): Promise<User> {
    const unknown = await this.roles.unknown(names)
    if (unknown.length === 0) return user
    await this.writer.change(user.id, undefined, (present) => {
      const grants = present.grants.filter(({ role }) => !unknown.includes(role))
      return grants.length < present.grants.length ? { user: { ...present, grants } } : undefined
    })
    throw new ValidationError(await this.problems(names))
  }
}

function unknownRole(at: number): FieldError {
  return { field: `roles.${at}`, code: 'roles.unknown', message: `roles.${at} is not the name of a role` }
}
