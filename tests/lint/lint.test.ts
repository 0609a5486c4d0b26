import { execFile } from 'node:child_process'
import { join, relative } from 'node:path'
import { PROJECT } from '../support/child-process'

const FIXTURE = join(__dirname, 'fixture')

/** What a linter prints: it ends with another code than 0 when it has something to say. */
function output(bin: string, args: readonly string[], cwd: string): Promise<string> {
  const path = join(PROJECT, 'node_modules', bin)
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [path, ...args], { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      stdout ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
    )
  })
}

it('eslint reports every breach of the style in the fixture, and nothing else', async () => {
  interface Result {
    filePath: string
    messages: { ruleId: string; message: string }[]
  }
  const text = await output('eslint/bin/eslint.js', ['--no-ignore', '--format', 'json', FIXTURE], PROJECT)
  const found = (JSON.parse(text) as Result[]).flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, message }) => {
      const file = relative(join(FIXTURE, 'src'), filePath)
      return ruleId === 'no-restricted-syntax' ? `${file}: ${message}` : `${file}: ${ruleId}`
    }),
  )

  expect(found.sort()).toEqual([
    'style/any.ts: @typescript-eslint/no-explicit-any',
    'style/any.ts: @typescript-eslint/no-unsafe-member-access',
    'style/any.ts: @typescript-eslint/no-unsafe-return',
    'style/barrel.ts: No barrels: import from the file that defines it.',
    'style/default-export.ts: No default exports: one name everywhere.',
    'style/enum.ts: No enums: a union of literals, or a const object.',
    'style/environment.ts: config.ts alone reads the environment.',
    'style/environment.ts: no-restricted-imports',
    'style/floating.ts: @typescript-eslint/no-floating-promises',
    'style/output.ts: no-console',
  ])
})

it('dependency-cruiser reports every forbidden import in the fixture, and nothing else', async () => {
  interface Report {
    summary: { violations: { from: string; to: string; rule: { name: string } }[] }
  }
  const args = ['--config', join(PROJECT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src']
  const text = await output('dependency-cruiser/bin/dependency-cruise.mjs', args, FIXTURE)
  const found = (JSON.parse(text) as Report).summary.violations.map(
    ({ from, to, rule }) => `${rule.name}: ${from} → ${to.replace(/^.*node_modules\/(@types\/)?([^/]+).*$/, '$2')}`,
  )

  expect(found.sort()).toEqual([
    'client-alone: src/client/transport.ts → src/errors.ts',
    'composition-on-top: src/roles/role.service.ts → src/app.ts',
    'config-alone: src/config.ts → src/errors.ts',
    'engine-alone: src/embedded-mongo/server.ts → src/http/paging.ts',
    'engine-over-the-wire: src/mongo/connect.ts → src/embedded-mongo/server.ts',
    'engine-query-is-pure: src/embedded-mongo/query/filter.ts → fs',
    'engine-wire-is-bytes: src/embedded-mongo/wire/message.ts → src/embedded-mongo/commands/find.ts',
    'errors-alone: src/errors.ts → src/http/paging.ts',
    'express-in-front: src/users/user.service.ts → express',
    'lmdb-in-storage: src/embedded-mongo/query/filter.ts → lmdb',
    'mingo-in-query: src/embedded-mongo/server.ts → mingo',
    'mongoose-behind-the-dao: src/http/responder.ts → mongoose',
    'mongoose-behind-the-dao: src/users/user.service.ts → mongodb',
    'no-cycle: src/app.ts → src/roles/role.service.ts',
    'no-cycle: src/app.ts → src/users/user.service.ts',
    'no-dev-dependency: src/users/user.service.ts → mongodb',
    'no-unresolved: src/users/user.service.ts → ./nowhere',
    'resource-by-its-service: src/users/user.service.ts → src/roles/role.dao.ts',
    'routes-know-no-storage: src/users/user.routes.ts → src/users/user.dao.ts',
    'shared-knows-no-resource: src/mongo/connect.ts → src/users/user.service.ts',
  ])
})
