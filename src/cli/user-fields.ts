import { type Command, Option } from 'commander'
import { toCount, toObject } from './arguments'
import { suggesting } from './help'

export const SYSTEM_ROLES = ['ADMIN', 'CLIENT']

export interface FieldOptions {
  readonly name?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly email?: string
  readonly age?: number
  readonly active?: boolean
  readonly role?: string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, unknown>>
}

/** Options for the fields of a user. */
export function withFields(command: Command): Command {
  return command
    .option('--name <name>', 'the whole name')
    .option('--first-name <name>', 'given name')
    .option('--last-name <name>', 'family name')
    .option('--email <address>', 'e-mail address')
    .option('--age <years>', 'age in years', toCount)
    .option('--active', 'may log in')
    .option('--no-active', 'may not log in')
    .addOption(suggesting(new Option('--role <role...>', 'the roles it holds'), SYSTEM_ROLES))
    .addOption(new Option('--metadata <json>', 'a document of your own').argParser(toObject))
    .addOption(new Option('--data <json>', 'any fields, as JSON; the other options win').argParser(toObject))
}

/** The fields that were given, under the service's names. */
export function fieldsOf(options: FieldOptions): Readonly<Record<string, unknown>> {
  const { name, firstName: first_name, lastName: last_name, email, age, active: is_active, role, metadata } = options
  const given = { name, first_name, last_name, email, age, is_active, roles: role, metadata }
  return {
    ...options.data,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
}
