import { unauthorized } from '../bson/errors'
import type { Command } from './command'

/** Throws Unauthorized where `name`, as the client calls the command, belongs to the admin database. */
export function checkDatabase({ adminOnly }: Command, name: string, database: string): void {
  if (adminOnly === true && database !== 'admin') {
    throw unauthorized(`${name} may only be run against the admin database.`)
  }
}
