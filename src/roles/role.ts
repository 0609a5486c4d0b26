/** A role as it is kept. Fields are called as on the wire and in the store. */
export interface Role {
  readonly name: string
  readonly description: string
  readonly permissions: readonly string[]
  /** ADMIN and CLIENT: they exist from the first start, and stay. */
  readonly is_system: boolean
  readonly created_at: Date
  readonly updated_at: Date
  /** Counts the changes. */
  readonly version: number
  /** Being deleted or renamed: nobody gets it any more. A later change of the role clears what a crash left. */
  readonly leaving: boolean
}

export const ROLE_SORTABLE = ['name', 'created_at', 'updated_at'] as const
export type RoleSortableField = (typeof ROLE_SORTABLE)[number]

export function roleSortValueType(field: RoleSortableField): 'string' | 'number' {
  return field === 'name' ? 'string' : 'number'
}

export function roleSortValue(role: Role, field: RoleSortableField): string | number {
  return field === 'name' ? role.name : role[field].getTime()
}
