import { NAME_LENGTH_MAX } from '../http/person-fields'
import type { User } from './user'

export type Names = Pick<User, 'name' | 'first_name' | 'last_name' | 'name_derived'>

/** What a body says about names. Absent and null differ in a patch. */
export interface NamesGiven {
  readonly name?: string | null
  readonly first_name?: string | null
  readonly last_name?: string | null
}

/** Why there is no name: neither given nor to be made, or longer than a name may be once made. */
export type NameProblem = 'missing' | 'too_long'

export function deriveName(firstName: string | null, lastName: string | null): string | undefined {
  return firstName !== null && lastName !== null ? `${firstName} ${lastName}` : undefined
}

/** The names of a new or wholly replaced user: what is not given is null, and the name is made of the two others. */
export function newNames(given: NamesGiven, present?: Names): Names | NameProblem {
  const first_name = given.first_name ?? null
  const last_name = given.last_name ?? null
  const derived = deriveName(first_name, last_name)
  if (typeof given.name !== 'string') return namesOf(derived, first_name, last_name, true)
  // A derived name that comes back as it was read stays derived: an echo changes nothing.
  const echoed = present?.name_derived === true && given.name === derived
  return namesOf(given.name, first_name, last_name, echoed)
}

/** The names after a merge patch. `name: null` makes the name follow the two others again. */
export function patchedNames(present: Names, given: NamesGiven): Names | NameProblem {
  const first_name = given.first_name === undefined ? present.first_name : given.first_name
  const last_name = given.last_name === undefined ? present.last_name : given.last_name
  const derived = deriveName(first_name, last_name)
  if (given.name === null) return namesOf(derived, first_name, last_name, true)
  if (given.name !== undefined) {
    return namesOf(given.name, first_name, last_name, present.name_derived && given.name === derived)
  }
  // With one of the two gone there is nothing to follow: the name stays, and counts as given from now on.
  if (present.name_derived && derived !== undefined) return namesOf(derived, first_name, last_name, true)
  return namesOf(present.name, first_name, last_name, false)
}

function namesOf(
  name: string | undefined,
  first_name: string | null,
  last_name: string | null,
  name_derived: boolean,
): Names | NameProblem {
  if (name === undefined) return 'missing'
  return name.length > NAME_LENGTH_MAX ? 'too_long' : { name, first_name, last_name, name_derived }
}
