import type { Doc } from '../bson/doc'
import { badValue, invalidOptions } from '../bson/errors'
import { checkValidator, VALIDATION_ACTIONS, VALIDATION_LEVELS } from '../query/validation'
import type { Arguments } from './arguments'

/** What `create` and `collMod` say of the documents of a collection. */
export const VALIDATION_FIELDS = ['validator', 'validationLevel', 'validationAction'] as const

const INTERNAL_DATABASES = ['admin', 'config', 'local']

/** Those that are given, checked. Throws what MongoDB answers for a validator that cannot be. */
export function validationOptions(args: Arguments): Doc {
  const validator = args.document('validator')
  const options: Doc = {
    validator,
    validationLevel: oneOf(args, 'validationLevel', VALIDATION_LEVELS),
    validationAction: oneOf(args, 'validationAction', VALIDATION_ACTIONS),
  }
  if (validator !== undefined && Object.keys(validator).length > 0) {
    if (INTERNAL_DATABASES.includes(args.database)) {
      const where = `collection ${args.database}.${args.collection} in the ${args.database} internal database`
      throw invalidOptions(`Document validators are not allowed on ${where}`)
    }
    checkValidator(validator)
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** A collection's options after those have been given; a validator that is empty is none. */
export function withValidation(options: Doc, given: Doc): Doc {
  const all: Doc = { ...options, ...given }
  if (Object.keys(all['validator'] ?? {}).length > 0) return all
  const { validator: _none, ...rest } = all
  return rest
}

function oneOf(args: Arguments, field: string, allowed: readonly string[]): string | undefined {
  const value = args.string(field)
  if (value === undefined || allowed.includes(value)) return value
  throw badValue(`Enumeration value '${value}' for field '${args.name}.${field}' is not a valid value.`)
}
