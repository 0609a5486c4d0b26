import { createHash, randomInt } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { MongoClient } from 'mongodb'
import { type Engine, endingOf, spawnEngine, startEngine } from './start-engine'
import type { Doc } from './use-engine'

/** More on demand: DAMAGE_ROUNDS=200 */
const ROUNDS = Number(process.env['DAMAGE_ROUNDS'] ?? 3)
const START_MS = 20_000
const PAGE_BYTES = 4_096
const TEST_MS = 60_000

let parent: string
/** A folder as an engine has left it, with documents of all sizes and some indexes. */
let sound: string
let dbpath: string
let copies = 0

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'engine-damaged-'))
  sound = join(parent, 'sound')
  const engine = await startEngine({ dbpath: sound })
  await withCollection(engine, async (collection) => {
    await collection.createIndexes([{ key: { n: 1 }, unique: true }, { key: { tags: 1 } }])
    await collection.insertMany(
      Array.from({ length: 1_500 }, (_, n) => ({ n, tags: [n % 7, `t${n % 11}`], text: 'x'.repeat((n * 37) % 9_000) })),
    )
    await collection.deleteMany({ tags: 3 })
  })
  await engine.stop()
}, TEST_MS)
beforeEach(async () => {
  dbpath = join(parent, `copy${++copies}`)
  await cp(sound, dbpath, { recursive: true })
})
afterEach(() => rm(dbpath, { recursive: true, force: true }))
afterAll(() => rm(parent, { recursive: true, force: true }))

async function withCollection<T>({ uri }: Engine, work: (collection: ReturnType<typeof collectionOf>) => Promise<T>) {
  const options = { directConnection: true, serverSelectionTimeoutMS: 2_000, retryReads: false, retryWrites: false }
  const client = await MongoClient.connect(uri, options)
  try {
    return await work(collectionOf(client))
  } finally {
    await client.close()
  }
}

function collectionOf(client: MongoClient) {
  return client.db('d').collection<Doc>('c')
}

/** Every file with a digest of its content. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const digests = files.map(async (path) => {
    const isOfReaders = path.endsWith('lock.mdb')
    return [
      path,
      isOfReaders
        ? ''
        : createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
    ] as const
  })
  return Object.fromEntries(await Promise.all(digests))
}

/** The engine ends by itself, with one line that says why, and the folder is what it was. */
async function expectRefusal(reason: RegExp): Promise<void> {
  const before = await contentOf(dbpath)
  const ending = await endingOf(spawnEngine({ dbpath, args: ['--lock-wait-ms', '0'] }), START_MS)
  expect(ending).toMatchObject({ code: 1, signal: null, stdout: '' })
  expect(ending.stderr.trim().split('\n')).toHaveLength(1)
  expect(ending.stderr).toMatch(reason)
  expect(ending.stderr).toContain(dbpath)
  expect(await contentOf(dbpath)).toEqual(before)
}

const dataFile = () => join(dbpath, 'data.mdb')

/** Changes the data file's bytes, or puts others in their place. */
async function damage(change: (bytes: Buffer) => unknown): Promise<void> {
  const bytes = await readFile(dataFile())
  const changed = change(bytes)
  await writeFile(dataFile(), changed instanceof Buffer ? changed : bytes)
}

/** Changes what the engine notes of the whole folder; the version of the format stands at `version`. */
async function changeMeta(change: (bytes: Buffer, version: number) => unknown): Promise<void> {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
  const root = open<Buffer, Buffer>({ path: dbpath, noSubdir: false, maxDbs: 8, overlappingSync: false, ...binary })
  const meta = root.openDB<Buffer, Buffer>('meta', binary)
  const bytes = Buffer.from(meta.get(Buffer.from('meta'))!)
  change(bytes, bytes.indexOf('formatVersion') + 'formatVersion'.length + 1)
  await meta.put(Buffer.from('meta'), bytes)
  await root.close()
}

/** Where the head begins that counts: the one with the greater number of a transaction. */
function latestHead(bytes: Buffer): number {
  return bytes.readBigUInt64LE(PAGE_BYTES + 152) > bytes.readBigUInt64LE(152) ? PAGE_BYTES : 0
}

describe('a data file is refused and left as it is', () => {
  it.each([1, 5_000])('cut off after %i bytes', async (bytes) => {
    await truncate(dataFile(), bytes)
    await expectRefusal(/damaged: it is cut off/)
  })

  it('cut off in the middle', async () => {
    const { length } = await readFile(dataFile())
    await truncate(dataFile(), Math.floor(length / 2))
    await expectRefusal(/damaged: it is cut off/)
  })

  it('empty', async () => {
    await truncate(dataFile(), 0)
    await expectRefusal(/damaged: it is empty/)
  })

  it('of nothing but zeros', async () => {
    await damage((bytes) => bytes.fill(0))
    await expectRefusal(/no data file of this server/)
  })

  it('with garbage in its second head', async () => {
    await damage((bytes) => bytes.fill(0xa5, PAGE_BYTES, 2 * PAGE_BYTES))
    await expectRefusal(/damaged/)
  })

  it('whose catalog points nowhere', async () => {
    await damage((bytes) => bytes.writeBigUInt64LE(2n ** 40n, latestHead(bytes) + 136))
    await expectRefusal(/damaged/)
  })

  it('with garbage in every page behind the heads', async () => {
    await damage((bytes) => bytes.fill(0x5a, 2 * PAGE_BYTES))
    await expectRefusal(/damaged: page \d+ is overwritten/)
  })

  it('of another layout', async () => {
    await damage((bytes) => {
      for (const at of [0, PAGE_BYTES]) bytes.writeUInt32LE(1, at + 28)
    })
    await expectRefusal(/layout 1/)
  })

  it('that is another program’s: text and a file of lmdb', async () => {
    await writeFile(dataFile(), 'name,mail\n'.repeat(3_000))
    await expectRefusal(/no data file of this server/)
    await rm(dbpath, { recursive: true })
    const other = open({ path: dbpath, noSubdir: false, overlappingSync: false })
    await other.openDB({ name: 'theirs' }).put('a', 1)
    await other.close()
    await expectRefusal(/another program's/)
  })

  it('that a newer version has written', async () => {
    await changeMeta((bytes, version) => bytes.writeInt32LE(3, version))
    await expectRefusal(/format 3.*newer version/)
  })

  it('that is a folder', async () => {
    await unlink(dataFile())
    await mkdir(dataFile())
    await expectRefusal(/data\.mdb cannot be used/)
  })
})

describe('a folder is refused and left as it is', () => {
  it('that has lost its data file', async () => {
    await unlink(dataFile())
    await expectRefusal(/has lost its file data\.mdb/)
  })

  it('that has a file of another database', async () => {
    await rm(dbpath, { recursive: true })
    await mkdir(dbpath)
    await writeFile(join(dbpath, 'WiredTiger'), '16')
    await expectRefusal(/belongs to another database/)
  })

  it('whose lock is a file', async () => {
    await rm(join(dbpath, 'lock'), { recursive: true })
    await writeFile(join(dbpath, 'lock'), '')
    await expectRefusal(/the lock .* cannot be used/)
  })
})

/** Writes into a copy that then ends, with a record for each in the log, and nothing of it in the data file. */
async function writeToLog(from: number, end: number): Promise<void> {
  const engine = await startEngine({ dbpath, args: ['--checkpoint-ms', '60000'] })
  await withCollection(engine, async (collection) => {
    for (let n = from; n < end; n++) await collection.insertOne({ _id: n, n: 10_000 + n, text: 'logged '.repeat(50) })
  })
  await engine.kill()
}

/** The file that has them, and where they begin in it. */
async function logged(): Promise<{ path: string; bytes: Buffer; records: number[] }> {
  for (const name of ['log-0', 'log-1']) {
    const path = join(dbpath, name)
    const bytes = await readFile(path)
    // Behind them stands what was there before.
    const records = [...bytes.toString('latin1').matchAll(/RLog/g)].map(({ index }) => index)
    if (bytes.includes('logged logged')) return { path, bytes, records }
  }
  throw new Error('nothing is in the log')
}

describe('the log', () => {
  const ids = () =>
    startEngine({ dbpath }).then(async (engine) => {
      const found = await withCollection(engine, (collection) =>
        collection
          .find({ n: { $gte: 10_000 } })
          .hint({ n: 1 })
          .toArray(),
      )
      const all = await withCollection(engine, (collection) => collection.countDocuments())
      await engine.stop()
      return { ids: found.map(({ _id }) => _id), all }
    })
  const first = (count: number) => ({ ids: Array.from({ length: count }, (_, n) => n), all: 1_286 + count })

  it('has what was acknowledged when the process was killed', async () => {
    await writeToLog(0, 5)
    const { bytes, records } = await logged()
    expect(bytes.toString('latin1', 0, records[5]).match(/(?:logged ){50}/g)).toHaveLength(5)
    expect(await ids()).toEqual(first(5))
    // It is in the data file by now.
    for (const name of ['log-0', 'log-1']) await unlink(join(dbpath, name))
    expect(await ids()).toEqual(first(5))
  })

  it.each([
    ['cut off in its last record', (bytes: Buffer, at: number[]) => bytes.fill(0, at[4]! + 100)],
    ['with half a head at its end', (bytes: Buffer, at: number[]) => bytes.fill(0, at[4]! + 6)],
    ['with noise in its last record', (bytes: Buffer, at: number[]) => (bytes[at[4]! + 60]! ^= 4)],
  ])('ends before a record that was never acknowledged: %s', async (_how, change) => {
    await writeToLog(0, 5)
    const { path, bytes, records } = await logged()
    change(bytes, records)
    await writeFile(path, bytes)
    expect(await ids()).toEqual(first(4))
    await writeToLog(4, 6)
    expect(await ids()).toEqual(first(6))
  })

  it.each([
    ['a bit in its second record', (bytes: Buffer, at: number[]) => (bytes[at[1]! + 60]! ^= 4)],
    ['another length of its second record', (bytes: Buffer, at: number[]) => bytes.writeUInt32LE(1e9, at[1]! + 4)],
    ['nothing in the place of its first record', (bytes: Buffer, at: number[]) => bytes.fill(0, at[0], at[1])],
  ])('is refused, and left as it is, where an acknowledged record is damaged: %s', async (_how, change) => {
    await writeToLog(0, 5)
    const { path, bytes, records } = await logged()
    change(bytes, records)
    await writeFile(path, bytes)
    await expectRefusal(/the log .* is damaged: a record at byte \d+ cannot be read; nothing has been changed/)
  })
})

describe('a folder is opened', () => {
  const opens = async (count: number) => {
    const engine = await startEngine({ dbpath })
    await withCollection(engine, async (collection) => expect(await collection.countDocuments()).toBe(count))
    await engine.stop()
  }

  it('of the format before, which had no log', async () => {
    await changeMeta((bytes, version) => bytes.writeInt32LE(1, version))
    for (const name of ['log-0', 'log-1']) await unlink(join(dbpath, name))
    await opens(1_286)
    await changeMeta((bytes, version) => expect(bytes.readInt32LE(version)).toBe(2))
  })

  it('that holds other files', async () => {
    await rm(dbpath, { recursive: true })
    await mkdir(join(dbpath, 'lost+found'), { recursive: true })
    await writeFile(join(dbpath, 'notes.txt'), 'mine')
    await opens(0)
    expect(await readFile(join(dbpath, 'notes.txt'), 'utf8')).toBe('mine')
  })

  it('whose first start was broken off', async () => {
    await rm(dbpath, { recursive: true })
    await mkdir(join(dbpath, 'unfinished'), { recursive: true })
    await mkdir(join(dbpath, 'lock'))
    await writeFile(join(dbpath, 'unfinished', 'data.mdb'), Buffer.alloc(100))
    await opens(0)
  })

  it('without the files of its locks, which hold no data', async () => {
    await rm(join(dbpath, 'lock'), { recursive: true })
    await unlink(join(dbpath, 'lock.mdb'))
    await opens(1_286)
  })
})

type Damage = readonly [string, (bytes: Buffer) => unknown]

/** Damage of any kind, anywhere. */
function anyDamage(length: number): Damage {
  const at = randomInt(length)
  const page = at - (at % PAGE_BYTES)
  const kinds: readonly Damage[] = [
    [`cut off at ${at}`, (bytes) => bytes.subarray(0, at)],
    [`a bit at ${at}`, (bytes) => (bytes[at]! ^= 1 << randomInt(8))],
    [`sixteen bytes at ${at}`, (bytes) => bytes.fill(randomInt(256), at, at + 16)],
    [`the page at ${page}`, (bytes) => bytes.fill(randomInt(256), page, page + PAGE_BYTES)],
    [
      `noise in the page at ${page}`,
      (bytes) => {
        for (let i = page; i < Math.min(page + PAGE_BYTES, bytes.length); i++) bytes[i] = randomInt(256)
      },
    ],
    [`a page of others at ${page}`, (bytes) => bytes.copy(bytes, page, 2 * PAGE_BYTES, 3 * PAGE_BYTES)],
  ]
  return kinds[randomInt(kinds.length)]!
}

/** Reads and writes all there is; what that answers does not matter, as long as it answers. */
async function use(engine: Engine): Promise<void> {
  await withCollection(engine, async (collection) => {
    const attempts = [
      () => collection.find().toArray(),
      () =>
        collection
          .find({ n: { $gte: 0 } })
          .hint({ n: 1 })
          .toArray(),
      () => collection.find({ tags: 2 }).toArray(),
      () => collection.updateMany({}, { $inc: { changed: 1 } }),
      () => collection.insertOne({ n: -1 }),
      () => collection.deleteMany({ n: { $lt: 700 } }),
    ]
    for (const attempt of attempts) await attempt().catch(() => undefined)
  })
}

it(
  `${ROUNDS} kinds of damage at random: refused, or used for what it is still good for; never the end of the process`,
  async () => {
    let refused = 0
    for (let round = 0; round < ROUNDS; round++) {
      await rm(dbpath, { recursive: true })
      await cp(sound, dbpath, { recursive: true })
      const { length } = await readFile(dataFile())
      const [what, change] = anyDamage(length)
      await damage(change)
      const child = spawnEngine({ dbpath, args: ['--lock-wait-ms', '0'] })
      const ending = endingOf(child, START_MS * 2)
      const uri = await Promise.race([
        new Promise<string>((resolve) => child.once('message', ({ uri: told }: { uri: string }) => resolve(told))),
        ending.then(() => undefined),
      ])
      if (uri === undefined) refused++
      else {
        await use({ uri } as Engine).catch(() => undefined)
        child.kill('SIGTERM')
      }
      const { code, signal, stderr } = await ending
      expect([what, code, signal, stderr]).toEqual([what, uri === undefined ? 1 : 0, null, expect.any(String)])
      if (uri === undefined) expect([what, stderr.trim().split('\n').length]).toEqual([what, 1])
    }
    if (process.env['DAMAGE_ROUNDS'] !== undefined) {
      process.stdout.write(
        `damage: ${ROUNDS} rounds, ${refused} refused, ${ROUNDS - refused} opened, none ended by a signal\n`,
      )
    }
  },
  TEST_MS + ROUNDS * 10_000,
)
