import type { Config } from 'jest'

const MONGO_SETUP = {
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
}

const ENGINE_SETUP = {
  // The engine runs as a process, which counts for itself (tests/support/child-coverage.ts).
  coveragePathIgnorePatterns: ['<rootDir>/src/'],
  globalSetup: '<rootDir>/tests/support/engine-setup.ts',
  globalTeardown: '<rootDir>/tests/support/engine-teardown.ts',
}

/** Packages that have no CommonJS build. */
const ES_MODULES = ['jose', '@faker-js/faker']

/** One kind of tests: a folder, and whether it needs a database (the unit tests start at once, without one). */
function project(displayName: string, folders: readonly string[], more: Record<string, unknown> = {}) {
  return {
    displayName,
    testEnvironment: 'node',
    testMatch: folders.map((folder) => `<rootDir>/tests/${folder}/**/*.test.ts`),
    // tsconfig.json says isolatedModules: files are transpiled one by one. `npm run typecheck` looks at the types.
    transform: {
      '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.json' }],
      [`/node_modules/(${ES_MODULES.join('|')})/.+\\.js$`]: '<rootDir>/tests/support/esm-transformer.cjs',
    },
    transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES.join('|')})/)`],
    ...more,
  } satisfies NonNullable<Config['projects']>[number]
}

const config: Config = {
  projects: [
    project('unit', ['unit']),
    project('lint', ['lint']),
    project('engine', ['engine', 'differential'], ENGINE_SETUP),
    project('api', ['api', 'suites'], MONGO_SETUP),
    project('e2e', ['e2e'], MONGO_SETUP),
  ],
  testTimeout: 30_000,
  maxWorkers: 2,
  // The entry of the service and the command line run as processes: the end-to-end tests start them, out of the
  // counter's sight.
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/cli/**'],
  coverageDirectory: 'coverage',
  coverageReporters: ['html', 'text-summary', 'json-summary'],
  coverageThreshold: {
    global: { statements: 90, branches: 80, functions: 90, lines: 90 },
    './src/**/*.service.ts': { statements: 100, branches: 100, functions: 100, lines: 100 },
  },
}

export default config
