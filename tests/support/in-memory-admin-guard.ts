import { randomUUID } from 'node:crypto'
import { LastAdminError } from '../../src/errors'
import { type AdministratorsGuard, isAdministrator, type Leave } from '../../src/users/administrators'
import type { InMemoryUserDao } from './in-memory-user-dao'

/** The guard's promise without its bookkeeping: in one process nothing comes between. It tells what it was asked. */
export class InMemoryAdminGuard implements AdministratorsGuard {
  readonly calls: string[] = []
  private readonly leaving = new Set<string>()

  constructor(private readonly users: InMemoryUserDao) {}

  async leave(id: string, version: number): Promise<Leave> {
    this.calls.push(`leave ${version}`)
    const others = this.users.all().filter((user) => isAdministrator(user) && user.id !== id)
    if (others.every((user) => this.leaving.has(user.id))) throw new LastAdminError()
    this.leaving.add(id)
    return { id, token: randomUUID() }
  }

  async stay({ id }: Leave, version: number): Promise<void> {
    this.calls.push(`stay ${version}`)
    this.leaving.delete(id)
  }

  async join(id: string, version: number): Promise<void> {
    this.calls.push(`join ${version}`)
    this.leaving.delete(id)
  }
}
