// Who may import whom. Every rule has a file in tests/lint/fixture that breaks it, and a test that expects the report.

/** Folders that every resource may use; all others below src are resources, or stand alone, or compose. */
const SHARED = 'http|mongo|observability|docs|filter|passwords|mail|limits|secrets'
const ALONE = 'client|embedded-mongo|console'
const COMPOSITION = '^src/(main|app|service)\\.ts$|^src/(cli|composition)/'
const RESOURCE = `^src/((?!(?:${SHARED}|${ALONE}|cli|composition)/)[^/]+)/`
const ENGINE = '^src/embedded-mongo/'
const inPackage = (name) => `(^|/)node_modules/(@types/)?${name}/`

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    forbid('no-cycle', 'Cycles hide which part depends on which.', {}, { circular: true }),
    forbid('no-unresolved', 'The import leads nowhere.', {}, { couldNotResolve: true }),
    forbid(
      'no-dev-dependency',
      'What runs in production must be installed there.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    forbid('errors-alone', 'The table of errors depends on nothing.', { path: '^src/errors\\.ts$' }, { path: '^src/' }),
    forbid('config-alone', 'Settings depend on nothing.', { path: '^src/config\\.ts$' }, { path: '^src/' }),
    forbid(
      'client-alone',
      'The client is used without the service.',
      { path: '^src/client/' },
      { path: '^src/', pathNot: '^src/client/' },
    ),
    forbid('engine-alone', 'The engine is a server of its own.', { path: ENGINE }, { path: '^src/', pathNot: ENGINE }),
    forbid(
      'engine-over-the-wire',
      'The service knows the engine by its address only.',
      { path: '^src/', pathNot: ENGINE },
      { path: ENGINE },
    ),
    forbid(
      'engine-wire-is-bytes',
      'wire/ knows bytes, not what they ask for.',
      { path: `${ENGINE}wire/` },
      { path: `${ENGINE}(commands|execution|query|storage)/` },
    ),
    forbid(
      'engine-query-is-pure',
      'Queries are decided without the store and without I/O.',
      { path: `${ENGINE}(query|bson)/` },
      {
        path: `${ENGINE}(commands|execution|storage|wire)/|^(node:)?(fs|fs/promises|net|child_process|http|worker_threads)$`,
      },
    ),
    forbid(
      'mingo-in-query',
      'One place knows what mingo gets wrong.',
      { path: '^src/', pathNot: `${ENGINE}query/` },
      { path: inPackage('mingo') },
    ),
    forbid(
      'lmdb-in-storage',
      'One place knows how documents are kept.',
      { path: '^src/', pathNot: `${ENGINE}storage/` },
      { path: inPackage('lmdb') },
    ),
    forbid(
      'routes-know-no-storage',
      'A route calls a service.',
      { path: '\\.routes\\.ts$' },
      { path: '\\.(dao|model)\\.ts$' },
    ),
    forbid(
      'resource-by-its-service',
      'Of another resource only the service is known, and types.',
      { path: RESOURCE },
      { path: RESOURCE, pathNot: '^src/$1/|\\.service\\.ts$', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'shared-knows-no-resource',
      'What every resource uses depends on none.',
      { path: `^src/(${SHARED})/` },
      { path: RESOURCE },
    ),
    forbid(
      'composition-on-top',
      'Nothing depends on the place where everything is put together.',
      { path: '^src/', pathNot: COMPOSITION },
      { path: COMPOSITION },
    ),
    forbid(
      'mongoose-behind-the-dao',
      'Rules, routes and the HTTP layer do not know the store.',
      { path: '\\.(service|routes|schemas)\\.ts$|^src/(http|docs|filter)/' },
      { path: inPackage('(mongoose|mongodb)') },
    ),
    forbid(
      'express-in-front',
      'Rules and storage do not know HTTP.',
      { path: '\\.(service|dao|model|schemas)\\.ts$|^src/(mongo|filter)/' },
      { path: inPackage('express') },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/console/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'types', 'default'] },
  },
}
