import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SessionExpiry } from '../../../../src/embedded-mongo/sessions/expiry'
import { WriteRecords } from '../../../../src/embedded-mongo/sessions/write-record'
import { Environment } from '../../../../src/embedded-mongo/storage/environment'

const MINUTE_MS = 60_000

let folder: string
let environment: Environment
let records: WriteRecords
let expiry: SessionExpiry
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'session-expiry-'))
  environment = Environment.open({ folder, durable: false })
  records = new WriteRecords(environment.sessions)
  expiry = new SessionExpiry({ environment, records }, (error) => {
    throw error
  })
})
afterEach(async () => {
  await expiry.stop()
  await environment.close()
  rmSync(folder, { recursive: true })
})

const put = (...sessions: readonly string[]) =>
  environment.write(() => sessions.forEach((session) => records.put(session, 1n, 'retryable')))

it('a record of a retryable write lives for 30 minutes, and not longer', async () => {
  await put('a', 'b')
  const { at } = records.find('a')!
  await expiry.run(at + 29 * MINUTE_MS)
  expect(records.find('a')).toMatchObject({ txnNumber: 1n, kind: 'retryable' })
  await expiry.run(at + 31 * MINUTE_MS)
  expect([records.find('a'), records.find('b'), records.count]).toEqual([undefined, undefined, 0])
})

it('every record is looked at, however many there are', async () => {
  await put(...Array.from({ length: 2_500 }, (_, n) => `s${n}`))
  await expiry.run(Date.now() + 31 * MINUTE_MS)
  expect(records.count).toBe(0)
})

it('a session that has written again while the sweep was on its way is kept', async () => {
  await put('a')
  const [old] = records.list(undefined, 1)
  await environment.write(() => records.put('a', 2n, 'committed'))
  await environment.write(() => records.remove([{ ...old!, at: old!.at - 1 }]))
  expect(records.find('a')).toMatchObject({ txnNumber: 2n, kind: 'committed' })
})
