import { MongoClient, type ObjectId, type Collection, type Document } from 'mongodb'
import { userDocument } from './seed'
import { measure, type Figure, type Sample } from './window'
import { printError } from './program'

const PAGE_SIZE = 20

/** The engine alone, through the driver. The collection holds the users that were seeded. */
export async function measureEngine(
  uri: string,
  pid: number,
  { connections, seconds, users }: { readonly connections: number; readonly seconds: number; readonly users: number },
): Promise<Figure[]> {
  const client = await MongoClient.connect(uri, { maxPoolSize: connections })
  try {
    const collection = client.db().collection('users')
    const ids = (await collection.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id)
    const figures: Figure[] = []
    for (const [name, operation] of Object.entries(operations(collection, ids, users))) {
      const load = () => keepInFlight(connections, seconds, operation)
      await keepInFlight(connections, Math.min(1, seconds), operation)
      figures.push(await measure(name, { engine: pid }, load))
    }
    return figures
  } finally {
    await client.close()
  }
}

function operations(
  users: Collection,
  ids: readonly ObjectId[],
  seeded: number,
): Readonly<Record<string, () => Promise<unknown>>> {
  const any = (count: number) => Math.floor(Math.random() * count)
  const anyId = () => ids[any(ids.length)]!
  let next = seeded
  return {
    'find by _id': () => found(users.findOne({ _id: anyId() })),
    'find by unique field': () => found(users.findOne({ email: `user${any(seeded)}@example.com` })),
    'page of 20 by index': async () => {
      const page = await users.find().sort({ created_at: -1, _id: -1 }).limit(PAGE_SIZE).toArray()
      if (page.length !== Math.min(PAGE_SIZE, ids.length)) throw new Error(`a page of ${page.length}`)
    },
    'update by _id': async () => {
      const update = { $set: { name: `Name ${any(1e9)}` }, $inc: { version: 1 } }
      const { matchedCount } = await users.updateOne({ _id: anyId() }, update)
      if (matchedCount !== 1) throw new Error('the user is not there')
    },
    insert: () => users.insertOne(userDocument(next++)),
  }
}

async function found(query: Promise<Document | null>): Promise<void> {
  if ((await query) === null) throw new Error('the user is not there')
}

async function keepInFlight(count: number, seconds: number, operation: () => Promise<unknown>): Promise<Sample> {
  const times: number[] = []
  let errors = 0
  const end = performance.now() + seconds * 1000
  const client = async () => {
    for (let begin = performance.now(); begin < end; begin = performance.now()) {
      try {
        await operation()
        times.push(performance.now() - begin)
      } catch (error) {
        if (errors++ === 0) printError(error)
      }
    }
  }
  await Promise.all(Array.from({ length: count }, client))
  return { times, errors }
}
