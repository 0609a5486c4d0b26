import type { FactoryUser } from './factory-user'

interface Variant {
  /** The field that the answer must name. */
  readonly field: string
  /** The code that the answer must give for it. */
  readonly code: string
  readonly spoil: (user: FactoryUser) => Readonly<Record<string, unknown>>
}

const PASSWORD_BYTES_MAX = 72
const METADATA_BYTES_MAX = 16 * 1024

function variant(field: string, code: string, spoil: Variant['spoil']): Variant {
  return { field, code, spoil }
}

/** A variant in which one field has another value. */
function having(field: string, value: unknown, code: string): Variant {
  return variant(field, code, (user) => ({ ...user, [field]: value }))
}

function lacking(...fields: readonly (keyof FactoryUser)[]) {
  return (user: FactoryUser) =>
    Object.fromEntries(Object.entries(user).filter(([name]) => !(fields as readonly string[]).includes(name)))
}

/** What the service must refuse in a new user, one problem each. */
export const INVALID_USERS = {
  'no e-mail': variant('email', 'any.required', lacking('email')),
  'malformed e-mail': having('email', 'john.example.com', 'string.email'),
  // U+212A KELVIN SIGN: lower-cased it would become a k.
  'e-mail that is not ASCII': having('email', '\u212Aelvin@users.example', 'string.email'),
  'e-mail as a number': having('email', 7, 'string.base'),
  'no name': variant('name', 'any.required', lacking('name', 'first_name', 'last_name')),
  'blank name': having('name', '  ', 'string.empty'),
  'name too long': having('name', 'x'.repeat(101), 'string.max'),
  'name as a number': having('name', 7, 'string.base'),
  'first name too long': having('first_name', 'x'.repeat(101), 'string.max'),
  'blank last name': having('last_name', ' ', 'string.empty'),
  'name with a control character': having('name', 'John\u0007Doe', 'string.unprintable'),
  'short password': having('password', 'Pass@12', 'string.min'),
  'password too long': having('password', `Aa1${'x'.repeat(PASSWORD_BYTES_MAX)}`, 'string.max'),
  'password without digit': having('password', 'PasswordPassword', 'string.pattern.name'),
  'password without upper case': having('password', 'password@123', 'string.pattern.name'),
  'password without lower case': having('password', 'PASSWORD@123', 'string.pattern.name'),
  'password with NUL': having('password', 'Password@1\u0000', 'password.characters'),
  'password that everybody tries': having('password', 'Password1', 'password.common'),
  'password as a number': having('password', 12_345_678, 'string.base'),
  'age zero': having('age', 0, 'number.min'),
  'age too high': having('age', 151, 'number.max'),
  'age as text': having('age', '30', 'number.base'),
  'age with a fraction': having('age', 30.5, 'number.integer'),
  'is_active as text': having('is_active', 'true', 'boolean.base'),
  'is_active null': having('is_active', null, 'boolean.base'),
  'roles as text': having('roles', 'CLIENT', 'array.base'),
  'unknown role': variant('roles.0', 'roles.unknown', (user) => ({ ...user, roles: ['NO_SUCH_ROLE'] })),
  'same role twice': variant('roles.1', 'array.unique', (user) => ({ ...user, roles: ['CLIENT', 'CLIENT'] })),
  'metadata that is a list': having('metadata', [], 'object.base'),
  'metadata with an operator': having('metadata', { $where: 'true' }, 'metadata.key'),
  'metadata with a dot': having('metadata', { 'a.b': 1 }, 'metadata.key'),
  'metadata with an empty key': having('metadata', { '': 1 }, 'metadata.key'),
  'metadata too deep': having('metadata', { a: { b: { c: { d: { e: { f: {} } } } } } }, 'metadata.depth'),
  'metadata too big': having('metadata', { text: 'x'.repeat(METADATA_BYTES_MAX) }, 'metadata.size'),
  'unknown field': having('nickname', 'Johnny', 'object.unknown'),
  'read-only field': having('id', '66f0c1a2b3c4d5e6f7a8b9c0', 'object.unknown'),
} as const satisfies Readonly<Record<string, Variant>>

export type InvalidName = keyof typeof INVALID_USERS

export const INVALID_NAMES = Object.keys(INVALID_USERS) as readonly InvalidName[]

export interface InvalidUser {
  readonly name: InvalidName
  readonly field: string
  readonly code: string
  readonly user: Readonly<Record<string, unknown>>
}
