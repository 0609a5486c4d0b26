/** What a person may do at this moment. */
export interface Person {
  readonly id: string
  /** Lower-cased. */
  readonly email: string
  readonly isActive: boolean
  /** Sessions that began before are over, in milliseconds since 1970; 0: none is. */
  readonly sessionsNotBefore: number
  /** The names of the roles that it holds. */
  readonly roles: readonly string[]
  readonly permissions: ReadonlySet<string> | 'all'
}

/** Everybody whom the service knows, with copies in memory that follow changes within a second. */
export interface People {
  /** The person, if it is in memory and may be believed. */
  known(id: string): Person | undefined
  /** The person as the store has it; undefined: there is none, or it was deleted. */
  find(id: string): Promise<Person | undefined>
}
