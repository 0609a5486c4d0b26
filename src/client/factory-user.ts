import type { NewUser } from './types.gen'

/** A user with every field that the contract lets a client write. */
export type FactoryUser = Required<{ [Field in keyof NewUser]: Exclude<NewUser[Field], undefined> }>
