import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RollcallClient } from '../../src/client/index'
import { UserFactory } from '../../src/client/user-factory'
import { type Crowd, describeUsersWay } from '../suites/users-ways.suite'
import { endService } from '../support/end-service'
import { freePort } from '../support/free-port'
import { type ServiceProcess, startService } from '../support/service-process'
import { cliWay } from '../support/users-ways/cli'
import { httpWay } from '../support/users-ways/http'
import { sdkWay } from '../support/users-ways/sdk'

// The command line is a process for each call.
jest.setTimeout(120_000)

/** More than the largest page. */
const CROWD = 101

let service: ServiceProcess
let crowd: Crowd
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rollcall-ways-'))
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
  const client = new RollcallClient({ baseUrl: service.url })
  const factory = new UserFactory()
  const people = factory.createMany(CROWD).map(({ password: _, ...user }) => user)
  crowd = { runId: factory.runId, users: await Promise.all(people.map((user) => client.users.create(user))) }
  await client.close()
}, 120_000)
afterAll(async () => {
  await endService(service)
  await rm(home, { recursive: true, force: true })
})

describeUsersWay('plain HTTP', () => ({ way: httpWay(service.url), crowd }))
describeUsersWay('the SDK', () => ({ way: sdkWay(service.url), crowd }))
describeUsersWay('the command line', () => ({ way: cliWay(service.url, home), crowd }))
