import { runCli } from '../run-cli'
import { Refusal, type UsersWay } from './way'

/** The command line, as scripts use it: processes, arguments, JSON. `home` keeps it from anybody's settings. */
export function cliWay(serviceUrl: string, home: string): UsersWay {
  const run = async (...args: readonly string[]) => {
    const env = { HOME: home, ROLLCALL_BASE_URL: serviceUrl }
    const { code, out, err } = await runCli([...args, '--json'], { cwd: home, env })
    if (code === 0) return JSON.parse(out)
    const { error } = JSON.parse(err)
    if (error.exit_code !== code || error.status === undefined) throw new Error(`Exit ${code}: ${err}`)
    throw new Refusal(error)
  }
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [name, String(value)]
  const names = (grants: readonly { role: string }[]) => grants.map(({ role }) => role)
  const data = (fields: object) => ['--data', JSON.stringify(fields)]
  return {
    create: (user, key) => run('users', 'create', ...data(user), ...option('--idempotency-key', key)),
    get: (id) => run('users', 'get', id),
    list: ({ filter, search, role, sort }) =>
      run(
        ...['users', 'list', '--all'],
        ...option('--filter', filter),
        ...option('--search', search),
        ...option('--role', role),
        ...option('--sort', sort),
      ),
    update: (id, patch, version) => run('users', 'update', id, ...data(patch), ...option('--if-version', version)),
    changeEmail: (id, email) => run('users', 'email', id, email),
    roles: async (id) => names(await run('roles', 'of', id)),
    grant: async (id, roles) => names(await run('roles', 'grant', id, ...roles)),
    revoke: async (id, role) => void (await run('roles', 'revoke', id, role)),
    delete: async (id) => void (await run('users', 'delete', id)),
    restore: async (id) => void (await run('users', 'restore', id)),
    close: async () => undefined,
  }
}
