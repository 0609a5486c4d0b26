import { once } from 'node:events'
import { createServer } from 'node:net'
import { platform } from 'node:os'
import { inodesOf, isFree, ownerOf } from '../../../src/cli/doctor/ports'
import { nodeFinding, skewFinding } from '../../../src/cli/doctor/service'

describe('the clock', () => {
  const noon = Date.parse('2026-06-01T12:00:00Z')

  it.each([
    ['the same second', noon, noon + 300, noon + 900, true],
    ['a second that has ended while the question was on its way', noon, noon + 1_100, noon + 1_200, true],
    ['a slow answer', noon + 20_000, noon, noon + 30_000, true],
    ['a service that is behind', noon - 60_000, noon, noon + 10, false],
    ['a service that is ahead', noon + 60_000, noon, noon + 10, false],
  ])('%s', (_, there, asked, answered, ok) => {
    expect(skewFinding(there, asked, answered).ok).toBe(ok)
  })

  it('says which one is wrong', () => {
    expect(skewFinding(noon - 61_000, noon, noon).detail).toBe('60 s ahead of the service’s')
    expect(skewFinding(noon + 60_000, noon, noon).detail).toBe('60 s behind the service’s')
    expect(skewFinding(NaN, noon, noon).ok).toBe(true)
  })
})

it.each([
  ['20.19.0', true],
  ['22.1.0', true],
  ['20.18.3', false],
  ['18.20.0', false],
])('Node.js %s', (version, ok) => {
  expect(nodeFinding(version).ok).toBe(ok)
})

describe('a port', () => {
  it('is free, or taken by somebody whom the system names', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }

    expect(await isFree('127.0.0.1', port)).toBe(false)
    if (platform() === 'linux') expect(await ownerOf(port)).toMatchObject({ pid: process.pid })
    server.close()
    await once(server, 'close')
    expect(await isFree('127.0.0.1', port)).toBe(true)
    expect(await ownerOf(port)).toBeUndefined()
  })

  it('is read from the tables of the kernel: listening sockets alone', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F40 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
`
    expect(inodesOf(table, 8_000)).toEqual(['4711'])
    expect(inodesOf(table, 8_001)).toEqual([])
  })
})
