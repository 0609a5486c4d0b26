/**
 * A user as it is kept, without the password's hash. Fields are called as on the wire and in the store: one name
 * everywhere.
 */
export interface User {
  /** 24 hex digits. */
  readonly id: string
  readonly name: string
  readonly first_name: string | null
  readonly last_name: string | null
  /** The name was made of the two others and follows them. */
  readonly name_derived: boolean
  /** Lower-cased. */
  readonly email: string
  readonly email_verified: boolean
  readonly has_password: boolean
  readonly age: number | null
  readonly is_active: boolean
  /** With those that have ended and were not cleared away yet: see `grants.ts`. */
  readonly grants: readonly Grant[]
  readonly metadata: Metadata
  readonly created_at: Date
  readonly updated_at: Date
  /** Counts the changes. What a client sees is `visibleVersion`. */
  readonly version: number
}

/** A role that a user holds. There is one grant per role. */
export interface Grant {
  readonly role: string
  readonly granted_at: Date
  /** null: without end. */
  readonly expires_at: Date | null
}

export type Metadata = Readonly<Record<string, unknown>>

export const SORTABLE = ['name', 'first_name', 'last_name', 'email', 'age', 'created_at', 'updated_at'] as const
export type SortableField = (typeof SORTABLE)[number]

/**
 * What lists compare and sort by: names without regard to case, and '' or 0 for null, which no value of these fields
 * is. A list then meets no null and needs no collation.
 */
export interface SortKeys {
  readonly name: string
  readonly first_name: string
  readonly last_name: string
  readonly age: number
}

export function sortKeysOf(user: Pick<User, 'name' | 'first_name' | 'last_name' | 'age'>): SortKeys {
  return {
    name: user.name.toLowerCase(),
    first_name: user.first_name?.toLowerCase() ?? '',
    last_name: user.last_name?.toLowerCase() ?? '',
    age: user.age ?? 0,
  }
}

/** The type of the value by which a list is sorted; points in time are milliseconds since 1970. */
export function sortValueType(field: SortableField): 'string' | 'number' {
  return field === 'age' || field === 'created_at' || field === 'updated_at' ? 'number' : 'string'
}

export function sortValue(user: User, field: SortableField): string | number {
  switch (field) {
    case 'created_at':
    case 'updated_at':
      return user[field].getTime()
    case 'email':
      return user.email
    case 'age':
      return user.age ?? 0
    default:
      return user[field]?.toLowerCase() ?? ''
  }
}
