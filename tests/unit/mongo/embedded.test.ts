import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectMongo, pingMongo } from '../../../src/mongo/connect'
import { startEmbeddedMongo } from '../../../src/mongo/embedded'

const START_MS = 60_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollcall-embedded-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it(
  'answers until it is stopped, and keeps what it acknowledged',
  async () => {
    const options = { dataDir: join(folder, 'data'), port: 0, inMemory: false }
    const first = await startEmbeddedMongo(options)
    const connection = await connectMongo({ uri: first.uri, deadlineMs: 5_000, poolSize: 2 })
    expect(connection.name).toBe('rollcall')
    expect(await pingMongo(connection)).toBeGreaterThan(0)
    await connection.collection('things').insertOne({ name: 'kept' })
    await connection.close()
    await first.stop()
    await first.ended

    const second = await startEmbeddedMongo(options)
    const again = await connectMongo({ uri: second.uri, deadlineMs: 5_000, poolSize: 2 })
    const found = await again.collection('things').findOne({}, { projection: { _id: 0 } })
    await again.close()
    await second.stop()

    expect(found).toEqual({ name: 'kept' })
    await expect(connectMongo({ uri: second.uri, deadlineMs: 300, poolSize: 1 })).rejects.toThrow('ECONNREFUSED')
  },
  START_MS,
)

it(
  'a folder that cannot be is an error',
  async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')

    await expect(startEmbeddedMongo({ dataDir: join(file, 'data'), port: 0, inMemory: false })).rejects.toThrow(
      'The embedded MongoDB engine did not start',
    )
  },
  START_MS,
)
