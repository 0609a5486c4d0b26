import { UserFactory } from '../../../src/client/user-factory'

const people = (factory: UserFactory, count = 50) => factory.createMany(count)
const addresses = (factory: UserFactory, count?: number) => people(factory, count).map(({ email }) => email)

it('makes the same users from the same seed and run, others from another seed', () => {
  const made = (seed: number) => people(new UserFactory({ seed, runId: 'r1' }))

  expect(made(7)).toEqual(made(7))
  expect(made(7).map(({ name }) => name)).not.toEqual(made(8).map(({ name }) => name))
})

it('makes addresses that differ within a run, between workers and between runs of one seed', () => {
  const workers = [0, 1, 2].map((worker) => new UserFactory({ seed: 7, runId: 'r1', worker }))
  const runs = [new UserFactory({ seed: 7 }), new UserFactory({ seed: 7 })]
  const all = [...workers, ...runs].flatMap((factory) => addresses(factory, 500))

  expect(new Set(all).size).toBe(all.length)
})

it('does not let one factory disturb another', () => {
  const alone = addresses(new UserFactory({ seed: 3, runId: 'r1' }), 2)
  const factory = new UserFactory({ seed: 3, runId: 'r1' })
  const first = factory.create().email
  new UserFactory({ seed: 99 }).createMany(5)

  expect([first, factory.create().email]).toEqual(alone)
})

it('takes overrides', () => {
  expect(new UserFactory().create({ age: 42, roles: ['ADMIN'] })).toMatchObject({ age: 42, roles: ['ADMIN'] })
})

it('refuses a run id that could not stand in an address or the name of a role', () => {
  expect(() => new UserFactory({ runId: 'Run 1' })).toThrow(TypeError)
})
