import type { Command } from './command'

/** Nobody logs in here, so nobody is logged in. */
export const connectionStatus: Command = {
  name: 'connectionStatus',
  summary: 'no users: there is no authentication',
  fields: ['showPrivileges'],
  run: () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } }),
}
