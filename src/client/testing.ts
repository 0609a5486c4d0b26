// What the SDK has for tests: users that look like people, and the scenario.
export type { FactoryUser } from './factory-user'
export { INVALID_NAMES, type InvalidName, type InvalidUser } from './invalid-users'
export { runScenario, type ScenarioOptions, type ScenarioReport, type StepReport } from './scenario'
export { BrokenPromiseError } from './scenario-steps'
export { UserFactory, type UserFactoryOptions } from './user-factory'
