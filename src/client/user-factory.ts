import type { Faker } from '@faker-js/faker'
import { faker } from '@faker-js/faker/locale/en'
import type { FactoryUser } from './factory-user'
import { INVALID_USERS, type InvalidName, type InvalidUser } from './invalid-users'
import { newId } from './new-id'
import type { NewUser } from './types.gen'

const RUN_ID_LENGTH = 12
const AGE_MIN = 18
const AGE_MAX = 90
const EMPLOYEE_NUMBER_MAX = 99_999
/** Reserved for examples (RFC 2606): no mail can ever reach anybody. */
const DOMAIN = 'users.example'
const INACTIVE_SHARE = 0.1
/** Seeds of one factory and of its neighbours must not run into each other. */
const WORKER_STRIDE = 1_000_003

export interface UserFactoryOptions {
  /** The same seed gives the same people, in the same order. */
  readonly seed?: number
  /** Stands in every address, so that runs against one server do not meet. Random unless given: `[a-z0-9]`. */
  readonly runId?: string
  /** Which of several parallel workers makes the users. */
  readonly worker?: number
}

/** Makes users that look like people: the same ones from the same seed, with addresses that nobody else has. */
export class UserFactory {
  readonly runId: string
  readonly #worker: number
  readonly #faker: Faker
  #made = 0

  constructor({ seed = 1, runId, worker = 0 }: UserFactoryOptions = {}) {
    this.runId = runId ?? newId().replaceAll('-', '').slice(0, RUN_ID_LENGTH)
    if (!/^[a-z0-9]{1,32}$/.test(this.runId)) throw new TypeError('runId must be 1 to 32 of [a-z0-9]')
    this.#worker = worker
    // The package's main entry, which exports the class, loads seventy languages for it: a second in place of a moment.
    const Generator = faker.constructor as typeof Faker
    this.#faker = new Generator({ locale: faker.rawDefinitions, seed: seed + worker * WORKER_STRIDE })
  }

  /** The next user; `overrides` replace its fields. */
  create<Overrides extends Partial<NewUser>>(overrides?: Overrides): FactoryUser & Overrides {
    const { person, number, helpers, string, commerce } = this.#faker
    const first_name = person.firstName()
    const last_name = person.lastName()
    const made: FactoryUser = {
      name: `${first_name} ${last_name}`,
      first_name,
      last_name,
      email: this.#email(first_name, last_name),
      password: `${string.alpha({ length: 8, casing: 'lower' })}-${string.alpha({ length: 4, casing: 'upper' })}-${number.int({ min: 1_000, max: 9_999 })}`,
      age: number.int({ min: AGE_MIN, max: AGE_MAX }),
      is_active: number.float() >= INACTIVE_SHARE,
      roles: ['CLIENT'],
      metadata: {
        employee: number.int({ max: EMPLOYEE_NUMBER_MAX }),
        title: person.jobTitle(),
        department: commerce.department(),
        contact: { preferred: helpers.arrayElement(['mail', 'phone', 'chat']), newsletter: number.float() < 0.5 },
      },
    }
    return { ...made, ...overrides } as FactoryUser & Overrides
  }

  /** The next `count` users. */
  createMany(count: number, overrides?: Partial<NewUser>): readonly FactoryUser[] {
    return Array.from({ length: count }, () => this.create(overrides) as FactoryUser)
  }

  /** A user that the service must refuse, and the field and code that it must name. */
  invalid(name: InvalidName): InvalidUser {
    const { field, code, spoil } = INVALID_USERS[name]
    return { name, field, code, user: spoil(this.create()) }
  }

  #email(first: string, last: string): string {
    this.#made += 1
    return `${letters(first)}.${letters(last)}.${this.#made}.w${this.#worker}.${this.runId}@${DOMAIN}`
  }
}

/** `O'Connor` and `Zoë` as they stand in addresses. */
function letters(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z]/g, '')
  return plain === '' ? 'x' : plain
}
