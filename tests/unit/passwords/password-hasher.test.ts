import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { AppError } from '../../../src/errors'
import { BcryptHasher, hashingThreads } from '../../../src/passwords/password-hasher'

const COST = 4
const open: BcryptHasher[] = []

function hasherOf(concurrency: number, waitingMax?: number): BcryptHasher {
  const hasher = new BcryptHasher({ cost: COST, concurrency, ...(waitingMax === undefined ? {} : { waitingMax }) })
  open.push(hasher)
  return hasher
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((hasher) => hasher.close()))
})

test('a hash is of its password alone', async () => {
  const hasher = hasherOf(2)
  const hash = await hasher.hash('Password@123')
  expect(hash).toMatch(/^\$2b\$04\$/)
  expect(await hasher.verify('Password@123', hash)).toBe(true)
  expect(await hasher.verify('Password@124', hash)).toBe(false)
})

test('fillers change nothing', async () => {
  const hasher = hasherOf(1)
  const [mine, other] = [await hasher.hash('Password@123'), await hasher.hash('Password@124')]
  expect(await hasher.verify('Password@123', mine, [other])).toBe(true)
  expect(await hasher.verify('Password@123', other, [mine])).toBe(false)
})

test('more than may wait are refused at once, with a time to come back', async () => {
  const hasher = hasherOf(1, 2)
  const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(() => hasher.hash('Password@123')))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
  const { reason } = outcomes[4] as PromiseRejectedResult
  expect(reason).toBeInstanceOf(AppError)
  expect([reason.code, reason.headers]).toEqual(['SERVICE_UNAVAILABLE', { 'Retry-After': '1' }])
  // The queue is empty again, also after a failure.
  await expect(hasher.verify('x', 5 as unknown as string)).rejects.toThrow()
  expect(await hasher.hash('Password@123')).toMatch(/^\$2b\$/)
})

test("hashing takes nothing of libuv's pool, and its thread alone is lowered", () => {
  // One thread in libuv's pool, and it is taken by a lookup of the file system while hashes go on.
  const script = `
    const Piscina = require('piscina').default ?? require('piscina')
    const os = require('node:os')
    const pool = new Piscina({ filename: ${JSON.stringify(join(__dirname, '../../../src/passwords/hashing-worker.cjs'))},
      minThreads: 1, maxThreads: 1, workerData: { niceness: 7 } })
    const libuv = []
    const hash = pool.run({ password: 'Password@123', cost: 10 }, { name: 'hash' }).then(() => libuv.push('hash'))
    require('node:fs').stat('.', () => libuv.push('stat'))
    hash.then(async () => {
      const threads = require('node:fs').readdirSync('/proc/self/task')
      const nice = threads.map((id) => require('node:fs').readFileSync('/proc/self/task/' + id + '/stat', 'utf8').replace(/^.*\\) /s, '').split(' ')[16])
      console.log(JSON.stringify({ libuv, main: os.getPriority(0), lowered: nice.filter((value) => value === '7').length }))
      await pool.destroy()
    })`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    cwd: join(__dirname, '../../..'),
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    encoding: 'utf8',
  })
  const expected = { libuv: ['stat', 'hash'], main: 0, lowered: process.platform === 'linux' ? 1 : 0 }
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual(expected)
})

test.each([
  [1, 1, 1],
  [2, 1, 2],
  [2, 2, 2],
  [8, 1, 8],
  [8, 4, 3],
  [32, 32, 2],
  [4, 64, 2],
])('%i cores, %i processes: %i threads in each', (cores, processes, threads) => {
  expect(hashingThreads(cores, processes)).toBe(threads)
})
